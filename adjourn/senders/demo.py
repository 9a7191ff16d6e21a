"""What `adjourn demo` shows of a sender, and what can be tried of it at a first start."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FOLDER: Final = Path("var/demo")
"""Where a demo runs: empty when its settings are asked for."""

Step = tuple[str, Sequence[str]]
"""A title, and the lines that a person would type after `adjourn`."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What a first start sets up so that the sender can be tried at once: a random secret, which is sent in
    clear as `header`. `setting` is the field that it is for, `sample` an event to send, and `steps` lead on
    to real meetings."""

    setting: str
    header: str
    sample: str
    steps: Sequence[str]


@dataclass(frozen=True, slots=True)
class Demo:
    """`settings` are lines of a `.env`, with secrets made up for this once; its argument is the address at
    which the demo answers as the sender's API does, from `adjourn/samples/<provider>/api/`.

    `fails` is a sample with links, sent while they may not be followed: it fails, and is healed by a replay.
    """

    settings: Callable[[str], Sequence[str]]
    steps: Sequence[Step]
    fails: str = ""
