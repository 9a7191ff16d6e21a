"""What is stored of each meeting: the rows behind `manifest.json`."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.database.tables import artifacts
from infra.database.upsert import insert_into
from schemas.manifest import Artifact


async def artifacts_of(tx: AsyncConnection, provider: str, meeting_id: str) -> list[Artifact]:
    """The artifacts of a meeting, in the order in which they were stored, then by name."""
    query = (
        select(*(artifacts.c[name] for name in Artifact.model_fields))
        .where(artifacts.c.provider == provider, artifacts.c.meeting_id == meeting_id)
        .order_by(artifacts.c.stored_at, artifacts.c.name)
    )
    rows = await tx.execute(query)
    return [Artifact.model_validate(dict(row)) for row in rows.mappings()]


async def add_artifact(tx: AsyncConnection, provider: str, meeting_id: str, artifact: Artifact) -> None:
    """Record an artifact. One of the same name in the same meeting is replaced."""
    values = artifact.model_dump()
    insert = insert_into(tx, artifacts).values(provider=provider, meeting_id=meeting_id, **values)
    await tx.execute(insert.on_conflict_do_update(index_elements=artifacts.primary_key.columns, set_=values))
