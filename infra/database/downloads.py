"""The journal of downloads: what is being copied, how far it is, and what whoever goes on with it must know.

A row belongs to the upload that it names. Who began another one meanwhile has taken the download over, and
the former owner learns it from its next `update_download`.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Final

from sqlalchemy import ColumnElement, and_, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.database.tables import downloads
from infra.database.upsert import insert_into

_KEY: Final = ("provider", "meeting_id", "kind", "source")


@dataclass(frozen=True, slots=True)
class UnfinishedDownload:
    """A file on its way into the object store, by what is known of it at its source.

    `source` is the sha256 of the link without its query, `name` that of the object it will be, `upload_id`
    the upload's. `etag` and `modified` are validators as the source sent them, `size` is what it announced:
    each null where it did not. `saved` counts the bytes that the store will have whatever dies. `whole` says
    that all have come and were verified: the object is there now, or nearly. Times in ms since 1970 UTC.
    """

    provider: str
    meeting_id: str
    kind: str
    source: str
    name: str
    media_type: str
    upload_id: str
    etag: str | None
    modified: str | None
    size: int | None
    saved: int
    whole: bool
    event_id: str
    started_ms: int
    updated_ms: int


async def find_download(
    tx: AsyncConnection, provider: str, meeting_id: str, kind: str, source: str
) -> UnfinishedDownload | None:
    found = await _chosen(
        tx, _of(provider, meeting_id), downloads.c.kind == kind, downloads.c.source == source
    )
    return found[0] if found else None


async def add_download(tx: AsyncConnection, download: UnfinishedDownload) -> bool:
    """Record a download that begins; false where one of the same file is recorded: nothing changes."""
    insert = insert_into(tx, downloads).values(asdict(download)).on_conflict_do_nothing()
    return (await tx.execute(insert)).rowcount == 1


async def update_download(tx: AsyncConnection, download: UnfinishedDownload) -> bool:
    """Record how far it is; false where the row is gone or belongs to another upload: nothing changes."""
    values = {name: value for name, value in asdict(download).items() if name not in _KEY}
    return (await tx.execute(update(downloads).where(_row(download)).values(values))).rowcount == 1


async def remove_download(tx: AsyncConnection, download: UnfinishedDownload) -> bool:
    """It is over, well or not; false where the row is gone or belongs to another upload: nothing changes."""
    return (await tx.execute(delete(downloads).where(_row(download)))).rowcount == 1


async def downloads_of(tx: AsyncConnection, provider: str, meeting_id: str) -> Sequence[UnfinishedDownload]:
    """What is on its way of a meeting, in the order in which it was begun."""
    return await _chosen(tx, _of(provider, meeting_id))


async def all_downloads(tx: AsyncConnection) -> Sequence[UnfinishedDownload]:
    """What is on its way, in the order in which it was begun. A sweep must keep these uploads."""
    return await _chosen(tx)


def _of(provider: str, meeting_id: str) -> ColumnElement[bool]:
    return and_(downloads.c.provider == provider, downloads.c.meeting_id == meeting_id)


def _row(download: UnfinishedDownload) -> ColumnElement[bool]:
    return and_(
        *(downloads.c[name] == getattr(download, name) for name in _KEY),
        downloads.c.upload_id == download.upload_id,
    )


async def _chosen(tx: AsyncConnection, *wanted: ColumnElement[bool]) -> Sequence[UnfinishedDownload]:
    query = (
        select(*(downloads.c[field.name] for field in fields(UnfinishedDownload)))
        .where(*wanted)
        .order_by(downloads.c.started_ms, *(downloads.c[name] for name in _KEY))
    )
    return [UnfinishedDownload(*row) for row in await tx.execute(query)]
