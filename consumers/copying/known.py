"""What is known of a meeting's files before one of them is copied."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from consumers.base import Services
from consumers.copying.names import is_there
from consumers.copying.wanted import Wanted
from consumers.forgotten import refuse_forgotten
from infra.database.artifacts import Stored, stored_of
from infra.database.downloads import UnfinishedDownload, downloads_of
from infra.objects.base import ObjectStore
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


async def held(wanted: Wanted, known: Known, objects: ObjectStore) -> Artifact | None:
    """The artifact that is the file of this id at its sender, whichever event told of it; null where none is,
    or the sender gives its files no ids."""
    if wanted.link.id is not None:
        of_this = (wanted.link.kind, wanted.source)
        for stored in known.stored:
            found = (stored.artifact.kind, stored.source) == of_this
            if found and await is_there(stored.artifact, wanted.folder, objects):
                return stored.artifact
    return None


async def look(meeting: tuple[str, str], services: Services) -> Known:
    """Raises `Forgotten`."""
    async with services.database.reading() as tx:
        await refuse_forgotten(tx, *meeting)
        return Known(await stored_of(tx, *meeting), await downloads_of(tx, *meeting))
