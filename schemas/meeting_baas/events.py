"""What is known of an event by its name: the vocabulary in which `v1.py` and `v2.py` are written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from schemas.manifest import ArtifactKind
from schemas.meeting import State

STATUS_CHANGE: Final = "bot.status_change"


@dataclass(frozen=True, slots=True)
class Event:
    """`subject` is the field that holds the key, without which the event is broken.

    `distinct` are the fields that, with the key, tell it from all others of its name; null: only its whole
    body does. `says` is the state of the meeting that the event alone speaks for. `links` are fields that
    hold a link, "" or null, with what is behind it (null: a transcript); anything else there is broken,
    since a file would be lost.
    """

    subject: str
    distinct: tuple[str, ...] | None
    says: State | None = None
    links: Mapping[str, ArtifactKind | None] = field(default_factory=dict)
