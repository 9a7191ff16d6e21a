"""What is known of a meeting's files before one of them is copied."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from consumers.base import Services
from consumers.forgotten import refuse_forgotten
from infra.database.artifacts import Stored, stored_of
from infra.database.downloads import UnfinishedDownload, downloads_of
from schemas.manifest import Artifact


@dataclass(frozen=True, slots=True)
class Known:
    """Read at one moment: others may store, begin and end files meanwhile."""

    stored: Sequence[Stored]
    downloads: Sequence[UnfinishedDownload]

    @property
    def artifacts(self) -> Mapping[str, Artifact]:
        """By name."""
        return {stored.artifact.name: stored.artifact for stored in self.stored}


async def look(meeting: tuple[str, str], services: Services) -> Known:
    """Raises `Forgotten`."""
    async with services.database.reading() as tx:
        await refuse_forgotten(tx, *meeting)
        return Known(await stored_of(tx, *meeting), await downloads_of(tx, *meeting))
