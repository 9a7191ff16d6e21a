"""Other systems, by which people know the meetings of a provider."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Described:
    """A meeting as another system (`system`) has it: its `id` there, its title, and who takes part."""

    system: str
    id: str
    title: str | None
    participants: tuple[str, ...]


class Directory(Protocol):
    async def find(self, meeting_id: str) -> Described | None:
        """What the meeting is called; null where nobody there knows it, or not yet.

        Raises `NotOffered` where it cannot be asked for that, and `Retryable`.
        """
