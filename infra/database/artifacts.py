"""What is stored of each meeting: the rows behind `manifest.json`, and where each file came from."""

from typing import Final

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.database.tables import artifacts
from infra.database.upsert import insert_into
from schemas.manifest import Artifact

_TOLD: Final = tuple(artifacts.c[name] for name in Artifact.model_fields)


async def artifacts_of(tx: AsyncConnection, provider: str, meeting_id: str) -> list[Artifact]:
    """The artifacts of a meeting, in the order in which they were stored, then by name."""
    return await _chosen(tx, artifacts.c.provider == provider, artifacts.c.meeting_id == meeting_id)


async def artifacts_from(
    tx: AsyncConnection, provider: str, meeting_id: str, *, kind: str, source: str, etag: str, size: int
) -> list[Artifact]:
    """Those of them that were copied from just this file of this source (see `UnfinishedDownload`)."""
    return await _chosen(
        tx,
        artifacts.c.provider == provider,
        artifacts.c.meeting_id == meeting_id,
        artifacts.c.kind == kind,
        artifacts.c.source == source,
        artifacts.c.etag == etag,
        artifacts.c.size == size,
    )


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

    `source` and `etag` say which file of which link it is (see `UnfinishedDownload`), where that is known.
    """
    values = artifact.model_dump() | {"source": source, "etag": etag}
    insert = insert_into(tx, artifacts).values(provider=provider, meeting_id=meeting_id, **values)
    await tx.execute(insert.on_conflict_do_update(index_elements=artifacts.primary_key.columns, set_=values))


async def _chosen(tx: AsyncConnection, *wanted: ColumnElement[bool]) -> list[Artifact]:
    query = select(*_TOLD).where(*wanted).order_by(artifacts.c.stored_at, artifacts.c.name)
    rows = await tx.execute(query)
    return [Artifact.model_validate(dict(row)) for row in rows.mappings()]
