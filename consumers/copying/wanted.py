"""What is to be copied."""

import hashlib
from dataclasses import dataclass

from schemas.meeting import Link, Observation
from schemas.names import object_name


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file that an event links to. `event` is the event's `ce_id`, `event_type` its `ce_type`."""

    link: Link
    seen: Observation
    event: str
    event_type: str

    @property
    def meeting(self) -> tuple[str, str]:
        """Provider and meeting id."""
        return self.seen.provider, self.seen.meeting_id

    @property
    def folder(self) -> str:
        """Where the meeting's objects are, with a "/" at its end."""
        return object_name(*self.meeting, "")

    @property
    def source(self) -> str:
        """The file's id at its sender, else the link without its query, as a sha256: what is signed anew each
        time leads to the same file."""
        if self.link.id is not None:
            return hashlib.sha256(f"id {self.link.id}".encode("utf-8", "surrogatepass")).hexdigest()
        place = self.link.url.partition("#")[0].partition("?")[0]
        return hashlib.sha256(place.encode("utf-8", "surrogatepass")).hexdigest()
