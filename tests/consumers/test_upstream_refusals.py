"""Each doubt that keeps a meeting at its provider."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from consumers import upstream
from consumers.table import CONSUMERS
from infra.database.downloads import UnfinishedDownload, add_download
from infra.database.forgotten import forget
from infra.errors import Poison, Retryable
from schemas.facts import MEETING_FORGOTTEN, UPSTREAM_DELETED
from tests.consumers.deleting import FILES, FINALS, Meeting, a_fact, opened_meeting
from tests.consumers.storing import PROVIDER
from tests.servers import media
from tests.servers.meeting_baas_api import status


@pytest.fixture(params=["v1", "v2"])
async def meeting(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Meeting]:
    async with opened_meeting(tmp_path, request.param) as opened:
        yield opened


@pytest.fixture
async def v2(tmp_path: Path) -> AsyncIterator[Meeting]:
    async with opened_meeting(tmp_path, "v2") as opened:
        yield opened


async def kept(meeting: Meeting) -> str:
    """It is not deleted, and nothing says that it were; the reason, as it is logged."""
    with capture_logs() as logged:
        assert await meeting.told() == ()
    await see_that_it_is_there(meeting)
    return str(logged[-1]["reason"]) if logged else ""


async def kept_for_now(meeting: Meeting) -> str:
    with pytest.raises(Retryable) as caught:
        await meeting.told()
    await see_that_it_is_there(meeting)
    return str(caught.value)


async def see_that_it_is_there(meeting: Meeting) -> None:
    assert meeting.deletions == 0
    assert UPSTREAM_DELETED not in [event.said.type for event in await meeting.timeline()]


def test_nothing_is_deleted_anywhere_unless_a_setting_wants_it() -> None:
    assert upstream.CONSUMER not in CONSUMERS


@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_a_meeting_that_is_not_over_is_kept(tmp_path: Path, version: str) -> None:
    async with opened_meeting(tmp_path, version, over=False) as meeting:
        assert await kept(meeting) == ""
        assert meeting.api.calls == []


async def test_a_meeting_that_nobody_told_us_of_is_kept(meeting: Meeting) -> None:
    unknown = a_fact()
    unknown = replace(unknown, value=unknown.value.replace(b"bot-1", b"bot-2"))
    assert await meeting.told(unknown) == ()
    assert meeting.api.calls == []


@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_a_meeting_of_which_nothing_is_stored_is_kept(tmp_path: Path, version: str) -> None:
    async with opened_meeting(tmp_path, version, stored=False) as meeting:
        assert await kept(meeting) == "Nothing of the meeting is stored."


async def test_a_file_on_its_way_keeps_it(meeting: Meeting) -> None:
    download = UnfinishedDownload(
        provider=PROVIDER,
        meeting_id="bot-1",
        kind="video",
        source="0",
        name=meeting.object("video.2.mp4"),
        media_type="video/mp4",
        upload_id="upload-1",
        etag=None,
        modified=None,
        size=None,
        saved=0,
        whole=False,
        event_id="event-1",
        started_ms=1,
        updated_ms=1,
    )
    async with meeting.bench.services.database.transaction() as tx:
        await add_download(tx, download)
    assert "on their way" in await kept(meeting)


async def test_a_file_that_nothing_proves_complete_keeps_it(meeting: Meeting) -> None:
    await meeting.stored("audio", "audio.wav", FILES["/a"], "none")
    assert await kept(meeting) == "Nothing proves that audio.wav is complete."


async def test_a_file_that_is_gone_from_the_object_store_keeps_it(meeting: Meeting) -> None:
    await meeting.bench.services.objects.delete(meeting.object("video.mp4"))
    assert "video.mp4 is not in the object store" in await kept(meeting)


async def test_a_file_that_has_another_size_in_the_object_store_keeps_it(meeting: Meeting) -> None:
    objects = meeting.bench.services.objects
    await objects.put(meeting.object("video.mp4"), b"cut", media_type="video/mp4", replace=True)
    assert "video.mp4 is not in the object store" in await kept(meeting)


async def test_a_file_that_is_only_at_the_provider_keeps_it(meeting: Meeting) -> None:
    diarization = {"v1": "speaker_diarization_file", "v2": "diarization"}[meeting.version]
    meeting.api.bots["bot-1"].files[diarization] = "/d"
    assert await kept(meeting) == "The provider has files that are not stored: diarization."


async def test_a_file_of_a_kind_that_we_do_not_store_keeps_it(tmp_path: Path) -> None:
    async with opened_meeting(tmp_path, "v1") as meeting:
        meeting.api.bots["bot-1"].files["meeting_participants_file"] = "/p"
        assert "never stored: meeting_participants_file" in await kept(meeting)


async def test_a_transcript_that_is_only_at_the_provider_keeps_it(meeting: Meeting) -> None:
    meeting.api.bots["bot-1"].transcribing.transcripts = [{"speaker": "Ada", "words": []}]
    meeting.api.bots["bot-1"].files["transcription"] = "/t"
    assert await kept(meeting) == "The provider has files that are not stored: transcript."


@pytest.mark.parametrize("there", [b"longer than what is stored here" * 100, b""])
async def test_a_file_that_is_another_one_by_now_keeps_it(meeting: Meeting, there: bytes) -> None:
    meeting.bench.source.answers["/a"] = media.whole(there)
    assert "audio is another one than what is stored" in await kept(meeting)


async def test_a_link_of_its_own_that_is_dead_keeps_it(meeting: Meeting) -> None:
    meeting.bench.source.answers["/a"] = media.status(403)
    assert "link to its audio is dead" in await kept(meeting)


async def test_a_source_that_is_away_keeps_it_for_now(meeting: Meeting) -> None:
    meeting.bench.source.answers["/a"] = media.status(503)
    assert "503" in await kept_for_now(meeting)


async def test_a_failure_of_the_meeting_keeps_it(meeting: Meeting) -> None:
    await meeting.failed("another event", "transcripts")
    assert await kept(meeting) == "transcripts could not do an event of the meeting: no."


async def test_an_event_that_could_not_be_stored_keeps_it(meeting: Meeting) -> None:
    await meeting.said(FINALS[meeting.version], event="event-2")
    await meeting.failed("event-2")
    assert "recordings could not do" in await kept(meeting)


@pytest.mark.parametrize("done", ["recordings", "transcripts"])
async def test_an_event_that_is_not_done_keeps_it_for_now(meeting: Meeting, done: str) -> None:
    """A second one about the same end, perhaps, whose links would be dead."""
    await meeting.said(FINALS[meeting.version], event="event-2")
    await meeting.done("event-2", [done])
    assert "not done with the meeting" in await kept_for_now(meeting)


async def test_a_provider_that_does_not_know_it_keeps_it(meeting: Meeting) -> None:
    meeting.api.bots.clear()
    assert "knows no such meeting" in await kept(meeting)


async def test_a_provider_that_lists_nothing_keeps_it(meeting: Meeting) -> None:
    meeting.api.bots["bot-1"].files.clear()
    assert await kept(meeting) == "The provider has no files of the meeting."


async def test_a_provider_that_deleted_it_itself_is_not_told_to_and_no_fact_says_so(v2: Meeting) -> None:
    v2.api.bots["bot-1"].artifacts_deleted = True
    assert await kept(v2) == ""


async def test_an_answer_that_is_not_as_documented_keeps_it_for_now(meeting: Meeting) -> None:
    meeting.api.always = status(200, {"success": True, "data": {"files": []}})
    assert "not as documented" in await kept_for_now(meeting)


async def test_a_wrong_key_keeps_it_for_now(meeting: Meeting) -> None:
    meeting.api.keys.clear()
    assert "ADJOURN_MEETING_BAAS_API_KEYS" in await kept_for_now(meeting)


async def test_without_a_key_it_is_kept(meeting: Meeting) -> None:
    alone = replace(meeting.bench, services=replace(meeting.bench.services, providers={}))
    assert await kept(replace(meeting, bench=alone)) == ""


async def test_a_forgotten_meeting_is_kept(meeting: Meeting) -> None:
    async with meeting.bench.services.database.transaction() as tx:
        await forget(tx, PROVIDER, "bot-1", 1)
    assert await kept(meeting) == ""


@pytest.mark.parametrize("type_", [UPSTREAM_DELETED, MEETING_FORGOTTEN, "something.new"])
async def test_other_facts_are_no_reason_to_look(meeting: Meeting, type_: str) -> None:
    assert await meeting.told(a_fact(type_)) == ()
    assert meeting.api.calls == []


async def test_an_event_of_the_senders_that_has_our_name_deceives_nobody(v2: Meeting) -> None:
    """Neither has it been deleted already, nor may its files be gone because we had begun to."""
    for number, name in enumerate(("upstream.deleting", "upstream.deleted")):
        await v2.said(name, event=f"event-{number + 2}")
        await v2.done(f"event-{number + 2}")
    files = v2.api.bots["bot-1"].files
    there = dict(files)
    files.clear()
    assert await v2.told() == ()
    files.update(there)
    assert len(await v2.told()) == 1


async def test_a_fact_that_cannot_be_read_is_poison(meeting: Meeting) -> None:
    with pytest.raises(Poison):
        await meeting.told(replace(a_fact(), value=b"{}"))
