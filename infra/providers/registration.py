"""Where a provider posts the events of our account, as far as its API can say and change it."""

from collections.abc import Sequence
from typing import Protocol


class Registration(Protocol):
    """Raises as the calls of `ProviderApi`."""

    async def url(self) -> str | None:
        """Where it posts now; null: nowhere."""

    async def set_url(self, url: str) -> None:
        """From now on it posts there, and nowhere else that `url` told of."""

    async def notes(self) -> Sequence[str]:
        """What a person has to do because of how it is now: a sentence or two each, in order."""
