"""Sample events, one file each, as their senders publish them: made-up people, links to nowhere.

`<provider>/<channel>/<event>[.<dialect>].json` are bodies of webhooks; `<provider>/artifacts/` holds the
files they link to, and `media/` the recording, in which is said what the transcripts say.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_HERE: Final = Path(__file__).parent
_ARTIFACTS: Final = "artifacts"


@dataclass(frozen=True, slots=True)
class Sample:
    """`name` is `<channel>/<event>[.<dialect>]`; `channel` says how its sender proves it."""

    name: str
    provider: str
    channel: str
    body: bytes


def names() -> Sequence[str]:
    """All samples, in order of their names."""
    return sorted(_files())


def read(name: str) -> Sample:
    """Raises `KeyError` for a name that is not among `names()`."""
    file = _files()[name]
    return Sample(name, file.parts[-3], file.parts[-2], file.read_bytes())


def linked_folders() -> Sequence[Path]:
    """Where the files are that the samples link to, by the last part of the link's path."""
    return (_HERE / "media", *sorted(_HERE.glob(f"*/{_ARTIFACTS}")))


def _files() -> dict[str, Path]:
    found = sorted(_HERE.glob("*/*/*.json"))
    return {f"{file.parts[-2]}/{file.stem}": file for file in found if file.parts[-2] != _ARTIFACTS}
