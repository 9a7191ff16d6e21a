"""What killed processes left: uploads that nobody goes on with, and files of meetings that were forgotten."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from consumers.forget import remove_objects
from infra.clock import wall_clock_ms
from infra.database.downloads import (
    UnfinishedDownload,
    all_downloads,
    find_download,
    remove_download,
)
from infra.database.engine import Database
from infra.database.forgotten import forgotten_meetings
from infra.objects.base import ObjectStore

DAY_SECONDS: Final = 86_400


@dataclass(frozen=True, slots=True)
class Sweeping:
    """What was removed: uploads and their bytes, entries of the journal of downloads, objects."""

    uploads: int
    size: int
    downloads: int
    objects: int

    def __bool__(self) -> bool:
        return any((self.uploads, self.downloads, self.objects))


async def sweep(
    objects: ObjectStore,
    database: Database,
    *,
    stray_seconds: float = 3 * 3600,
    unfinished_seconds: float = 7 * DAY_SECONDS,
    forgotten_seconds: float = 2 * DAY_SECONDS,
    now_ms: Callable[[], int] = wall_clock_ms,
) -> Sweeping:
    """Remove what nobody needs any more, never what is in use. Safe to repeat, kill, and run side by side.

    That is: downloads that nobody has gone on with for `unfinished_seconds`, which is longer than any outage
    after which they could; uploads that no download tells of, `stray_seconds` after their last byte, or part
    on S3, for whose 8 MiB the slowest source that is not given up takes 2.3 hours; what a copy, or a command
    that was killed, left of a meeting that was forgotten no longer than `forgotten_seconds` ago.

    Raises `Halt`, and `Retryable` where the store or the database does not answer.
    """
    given_up_ms = now_ms() - unfinished_seconds * 1000
    async with database.reading() as tx:
        downloads = await all_downloads(tx)
        forgotten = await forgotten_meetings(tx)
    given_up = [
        download
        for download in downloads
        if download.updated_ms < given_up_ms and await _is_given_up(download, database)
    ]
    keep = [download.upload_id for download in downloads if download not in given_up]
    swept = await objects.sweep(stray_seconds, keep=keep)
    left = 0
    for meeting in forgotten:
        if meeting.forgotten_ms >= now_ms() - forgotten_seconds * 1000:
            left += (await remove_objects((meeting.provider, meeting.meeting_id), objects))[0]
    return Sweeping(swept.uploads, swept.size, len(given_up), left)


async def _is_given_up(download: UnfinishedDownload, database: Database) -> bool:
    """Its upload is a stray from now on; false where somebody has just gone on with it."""
    async with database.transaction() as tx:
        found = await find_download(
            tx, download.provider, download.meeting_id, download.kind, download.source
        )
        return found == download and await remove_download(tx, download)
