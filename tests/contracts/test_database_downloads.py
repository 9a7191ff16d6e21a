"""The journal of downloads, where artifacts came from, and meetings that were forgotten."""

from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.database.artifacts import Stored, add_artifact, artifacts_of, stored_of
from infra.database.descriptions import Description, save_description
from infra.database.downloads import (
    UnfinishedDownload,
    add_download,
    all_downloads,
    downloads_of,
    find_download,
    remove_download,
    update_download,
)
from infra.database.engine import Database
from infra.database.events import MeetingEvent, add_event
from infra.database.failures import Failure, add_failure
from infra.database.forgotten import forget, forgotten_meetings, is_forgotten
from infra.database.meetings import Meeting, save_meeting
from infra.database.reconciling import Judged, keep_judged
from infra.database.retranscriptions import Retranscription, Stage, add_retranscription
from infra.database.tables import METADATA
from infra.database.transcripts import TranscriptVersion, add_version
from schemas.manifest import Artifact
from schemas.meeting import Observation, State
from schemas.transcript import Segment

DOWNLOAD = UnfinishedDownload(
    provider="p",
    meeting_id="m",
    kind="video",
    source="1" * 64,
    name="p/m/video.mp4",
    media_type="video/mp4",
    upload_id="first",
    etag='"e\x00tag"',
    modified=None,
    size=2**40,
    saved=0,
    whole=False,
    event_id="event-1",
    started_ms=2**41,
    updated_ms=2**41,
)


async def test_a_download_is_found_as_it_was_written(database: Database) -> None:
    async with database.transaction() as tx:
        assert await add_download(tx, DOWNLOAD)
    async with database.reading() as tx:
        assert await find_download(tx, "p", "m", "video", "1" * 64) == replace(DOWNLOAD, etag='"e\ufffdtag"')
        assert await find_download(tx, "p", "m", "audio", "1" * 64) is None


async def test_only_the_first_of_two_that_begin_the_same_file_is_written_down(database: Database) -> None:
    other = replace(DOWNLOAD, upload_id="second")
    async with database.transaction() as tx:
        assert await add_download(tx, DOWNLOAD)
    async with database.transaction() as tx:
        assert not await add_download(tx, other)
        assert [found.upload_id for found in await downloads_of(tx, "p", "m")] == ["first"]


async def test_only_whose_upload_it_is_moves_it_on_or_ends_it(database: Database) -> None:
    other = replace(DOWNLOAD, upload_id="second", saved=9)
    async with database.transaction() as tx:
        await add_download(tx, DOWNLOAD)
        assert not await update_download(tx, other)
        assert not await remove_download(tx, other)
        assert await update_download(tx, replace(DOWNLOAD, saved=5, whole=True))
        [found] = await downloads_of(tx, "p", "m")
        assert (found.saved, found.whole) == (5, True)
        assert await remove_download(tx, DOWNLOAD)
        assert not await update_download(tx, DOWNLOAD)
        assert await all_downloads(tx) == []


async def test_what_is_on_its_way_is_told_in_the_order_in_which_it_was_begun(database: Database) -> None:
    async with database.transaction() as tx:
        for started_ms, meeting_id in ((3, "a"), (1, "b"), (2, "a")):
            one = replace(DOWNLOAD, started_ms=started_ms, meeting_id=meeting_id, source=str(started_ms))
            await add_download(tx, one)
        assert [found.started_ms for found in await all_downloads(tx)] == [1, 2, 3]
        assert [found.started_ms for found in await downloads_of(tx, "p", "a")] == [2, 3]


async def test_an_artifact_is_told_with_the_file_it_came_from(database: Database) -> None:
    first, second = _artifact("a.mp4"), _artifact("b.mp4")
    async with database.transaction() as tx:
        await add_artifact(tx, "p", "m", first, source="s", etag='"1"')
        await add_artifact(tx, "p", "m", second)
        assert await stored_of(tx, "p", "m") == [Stored(first, "s", '"1"'), Stored(second, None, None)]
        assert await artifacts_of(tx, "p", "m") == [first, second]


async def test_of_a_forgotten_meeting_one_row_is_left_and_of_others_all(database: Database) -> None:
    async with database.transaction() as tx:
        for meeting_id in ("m", "other"):
            await _fill(tx, meeting_id)
        before = await _counts(tx, "m")
    async with database.transaction() as tx:
        await forget(tx, "p", "m", 7)
        assert await is_forgotten(tx, "p", "m")
        assert not await is_forgotten(tx, "p", "other")
        assert not await is_forgotten(tx, "q", "m")
        after = await _counts(tx, "m")
        assert await _counts(tx, "other") == before
    assert min(count for table, count in before.items() if table != "forgotten") > 0
    assert {table: count for table, count in after.items() if count} == {"forgotten": 1}


async def test_the_first_time_that_a_meeting_was_forgotten_stays(database: Database) -> None:
    for forgotten_ms in (7, 8):
        async with database.transaction() as tx:
            await forget(tx, "p", "m", forgotten_ms)
    async with database.reading() as tx:
        [found] = await forgotten_meetings(tx)
    assert found.forgotten_ms == 7


async def _fill(tx: AsyncConnection, meeting_id: str) -> None:
    """A row, at least, in every table of meetings."""
    said = Observation(provider="p", meeting_id=meeting_id, type="t")
    meeting = Meeting("p", meeting_id, State.LIVE, None, None, None, (), None, None, 0, 1)
    version = TranscriptVersion(1, None, None, (), 1, "e", "s", "0" * 64, "0" * 64)
    await save_meeting(tx, meeting)
    await add_event(tx, MeetingEvent("e", 1, said))
    await add_artifact(tx, "p", meeting_id, _artifact("video.mp4"))
    await add_download(tx, replace(DOWNLOAD, meeting_id=meeting_id))
    await add_version(
        tx, "p", meeting_id, version, [Segment(speaker=None, start=0, end=1, text="hi", words=())]
    )
    await save_description(tx, "p", meeting_id, Description("another", "id", "Title", ()))
    await keep_judged(tx, Judged("p", meeting_id, "p.t", "complete", "", 1))
    again = Retranscription(
        "p", meeting_id, f"r-{meeting_id}", "c", "hand", "p.t", None, None, Stage.REQUESTED, 1
    )
    await add_retranscription(tx, again)
    await add_failure(tx, Failure("c", f"e-{meeting_id}", "t", "p", meeting_id, "poison", "x", 1, 1, 0, 0))


async def _counts(tx: AsyncConnection, meeting_id: str) -> dict[str, int]:
    """Of every table that knows of meetings."""
    counts = {}
    for table in METADATA.tables.values():
        if "meeting_id" in table.c:
            query = select(func.count()).where(table.c.meeting_id == meeting_id).select_from(table)
            counts[table.name] = int(await tx.scalar(query) or 0)
    return counts


def _artifact(name: str) -> Artifact:
    return Artifact(
        name=name,
        kind="video",
        media_type="video/mp4",
        size=1,
        sha256="0" * 64,
        verified="length",
        source_event="e",
        stored_at=datetime(2026, 1, 2, tzinfo=UTC),
    )
