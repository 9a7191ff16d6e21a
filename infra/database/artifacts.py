"""What is stored of each meeting: the rows behind `manifest.json`, and where each file came from."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.database.tables import artifacts
from infra.database.upsert import insert_into
from schemas.manifest import Artifact


@dataclass(frozen=True, slots=True)
class Stored:
    """An artifact, and which file of which link it is (see `UnfinishedDownload`): null where nobody knows."""

    artifact: Artifact
    source: str | None
    etag: str | None


async def artifacts_of(tx: AsyncConnection, provider: str, meeting_id: str) -> list[Artifact]:
    """The artifacts of a meeting, in the order in which they were stored, then by name."""
    return [stored.artifact for stored in await stored_of(tx, provider, meeting_id)]


async def stored_of(tx: AsyncConnection, provider: str, meeting_id: str) -> list[Stored]:
    """As `artifacts_of`, each with where it came from."""
    query = (
        select(artifacts)
        .where(artifacts.c.provider == provider, artifacts.c.meeting_id == meeting_id)
        .order_by(artifacts.c.stored_at, artifacts.c.name)
    )
    return [
        Stored(Artifact.model_validate(dict(row)), row["source"], row["etag"])
        for row in (await tx.execute(query)).mappings()
    ]


async def add_artifact(
    tx: AsyncConnection,
    provider: str,
    meeting_id: str,
    artifact: Artifact,
    *,
    source: str | None = None,
    etag: str | None = None,
) -> None:
    """Record an artifact. One of the same name in the same meeting is replaced.

    `source` and `etag` as in `Stored`.
    """
    values = artifact.model_dump() | {"source": source, "etag": etag}
    insert = insert_into(tx, artifacts).values(provider=provider, meeting_id=meeting_id, **values)
    await tx.execute(insert.on_conflict_do_update(index_elements=artifacts.primary_key.columns, set_=values))
