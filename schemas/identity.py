"""What the receiver needs to know of an event, and the two ways in which a body can fall short of it."""

from collections.abc import Sequence
from typing import NamedTuple


class Identity(NamedTuple):
    """`type` is the event's name without the provider, `key` the meeting (or calendar, or rule) it is about.

    `id` is derived from what identifies the event, for senders that give no delivery id. `time` is the
    event's own time as RFC 3339, "" where it has none that can be read.
    """

    type: str
    key: str
    id: str
    time: str = ""


class NotAnEvent(ValueError):
    """The body is not JSON, or not a JSON object.

    The text says where it stops being one, never what it holds.
    """


class BrokenEvent(ValueError):
    """A known event that lacks what we rely on. `errors` say what, field by field, without the values."""

    def __init__(self, type: str, errors: Sequence[str], key: str = "") -> None:  # noqa: A002
        super().__init__("; ".join(errors))
        self.type = type
        self.errors = tuple(errors)
        self.key = key
