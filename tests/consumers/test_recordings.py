"""Recordings that arrive: where they are stored, under which names, and once."""

import hashlib
import os
from pathlib import Path

import pytest

from schemas.facts import RECORDING_STORED
from schemas.names import safe_segment
from tests.consumers.storing import (
    FLAC,
    LINES,
    MOVIE,
    OTHER_VIDEO,
    PROVIDER,
    VIDEO,
    WAV,
    bodies,
    opened_bench,
    webhook,
)
from tests.servers import media


async def test_every_linked_file_is_stored_as_it_came(tmp_path: Path) -> None:
    files = {
        "/v": VIDEO,
        "/a": FLAC,
        "/d": LINES,
        "/r": b'{"transcriptions": []}',
        "/c": b'[{"text": "hello"}]',
    }
    async with opened_bench(tmp_path, {path: media.whole(body) for path, body in files.items()}) as bench:
        await bench.handle(
            bench.completed(
                video="/v", audio="/a", diarization="/d", raw_transcription="/r", chat_messages="/c"
            )
        )
        assert await bench.stored() == [
            f"{PROVIDER}/bot-1/{name}"
            for name in (
                "audio.flac",
                "chat.json",
                "diarization.jsonl",
                "raw_transcription.json",
                "video.mp4",
            )
        ]
        assert await bench.content("video.mp4") == VIDEO
        assert await bench.content("audio.flac") == FLAC
        assert await bench.content("diarization.jsonl") == LINES


async def test_an_artifact_says_how_large_what_and_whence_it_is(tmp_path: Path) -> None:
    async with opened_bench(tmp_path, {"/v": media.whole(VIDEO, "text/html")}) as bench:
        await bench.handle(bench.completed(video="/v"))
        artifact = (await bench.artifacts())["video.mp4"]
    assert (artifact.kind, artifact.media_type, artifact.size) == ("video", "video/mp4", len(VIDEO))
    assert artifact.sha256 == hashlib.sha256(VIDEO).hexdigest()
    assert artifact.source_event == "event-1"
    assert artifact.stored_at.utcoffset() is not None


async def test_a_fact_holds_the_artifact_and_its_url(tmp_path: Path) -> None:
    async with opened_bench(tmp_path, {"/v": media.whole(VIDEO)}) as bench:
        facts = await bench.handle(bench.completed(video="/v"))
        artifact = (await bench.artifacts())["video.mp4"]
        assert [(fact.type, fact.provider, fact.meeting_id) for fact in facts] == [
            (RECORDING_STORED, PROVIDER, "bot-1")
        ]
        body = bodies(facts)["video.mp4"]
        assert body.model_dump() == artifact.model_dump() | {
            "provider": PROVIDER,
            "meeting_id": "bot-1",
            "url": (bench.root / PROVIDER / "bot-1/video.mp4").as_uri(),
        }


@pytest.mark.parametrize(
    ("answer", "verified"),
    [
        (media.whole(MOVIE), "length"),
        (media.chunked(MOVIE), "structure"),
        (media.without_length(MOVIE), "structure"),
        (media.without_length(b"\x07\x01 no format that is known"), "none"),
    ],
)
async def test_a_file_is_proved_complete_by_its_length_else_by_its_structure_or_not_at_all(
    tmp_path: Path, answer: media.Answer, verified: str
) -> None:
    async with opened_bench(tmp_path, {"/v": answer}) as bench:
        await bench.handle(bench.completed(video="/v"))
        assert [artifact.verified for artifact in (await bench.artifacts()).values()] == [verified]


async def test_a_v1_meeting_of_sound_alone_is_stored_as_sound(tmp_path: Path) -> None:
    async with opened_bench(tmp_path, {"/wav": media.whole(WAV)}) as bench:
        record = webhook(
            "complete",
            {"bot_id": "bot-1", "speakers": [], "mp4": bench.link("/wav"), "audio": ""},
            event="event-1",
            meeting="bot-1",
        )
        await bench.handle(record)
        assert list(await bench.artifacts()) == ["audio.wav"]
        await bench.handle(record)
        assert bench.source.asked("/wav") == 1


async def test_the_same_event_again_fetches_nothing_and_says_the_same(tmp_path: Path) -> None:
    async with opened_bench(tmp_path, {"/v": media.whole(VIDEO), "/a": media.whole(FLAC)}) as bench:
        record = bench.completed(video="/v", audio="/a")
        first = await bench.handle(record)
        before = await bench.artifacts()
        bench.source.answers.clear()
        again = await bench.handle(record)
        assert {fact.id: fact.body for fact in again} == {fact.id: fact.body for fact in first}
        assert await bench.artifacts() == before
        assert len(bench.source.requests) == 2


async def test_the_same_file_from_another_event_is_kept_once(tmp_path: Path) -> None:
    async with opened_bench(tmp_path, {"/v": media.whole(VIDEO)}) as bench:
        first = await bench.handle(bench.completed(video="/v", event="webhook"))
        second = await bench.handle(bench.completed(video="/v", event="callback"))
        assert await bench.stored() == [f"{PROVIDER}/bot-1/video.mp4"]
        assert (await bench.artifacts())["video.mp4"].source_event == "webhook"
        assert [fact.id for fact in second] == [fact.id for fact in first]


async def test_another_file_for_the_same_name_is_kept_beside_the_first(tmp_path: Path) -> None:
    async with opened_bench(tmp_path, {"/v": media.whole(VIDEO), "/w": media.whole(OTHER_VIDEO)}) as bench:
        await bench.handle(bench.completed(video="/v", event="event-1"))
        facts = await bench.handle(bench.completed(video="/w", event="event-2"))
        assert list(bodies(facts)) == ["video.2.mp4"]
        assert await bench.content("video.mp4") == VIDEO
        assert await bench.content("video.2.mp4") == OTHER_VIDEO
        assert {name: one.source_event for name, one in (await bench.artifacts()).items()} == {
            "video.mp4": "event-1",
            "video.2.mp4": "event-2",
        }


async def test_a_file_of_the_same_size_is_told_apart_by_its_content(tmp_path: Path) -> None:
    other = VIDEO[:-1] + b"!"
    async with opened_bench(tmp_path, {"/v": media.whole(VIDEO), "/w": media.whole(other)}) as bench:
        await bench.handle(bench.completed(video="/v", event="event-1"))
        await bench.handle(bench.completed(video="/w", event="event-2"))
        assert await bench.content("video.2.mp4") == other


async def test_a_file_stored_just_before_a_crash_is_taken_over(tmp_path: Path) -> None:
    async with opened_bench(tmp_path, {"/v": media.whole(VIDEO)}) as bench:
        await bench.services.objects.put(f"{PROVIDER}/bot-1/video.mp4", VIDEO, media_type="video/mp4")
        facts = await bench.handle(bench.completed(video="/v"))
        assert list(bodies(facts)) == ["video.mp4"]
        assert await bench.stored() == [f"{PROVIDER}/bot-1/video.mp4"]
        assert (await bench.artifacts())["video.mp4"].sha256 == hashlib.sha256(VIDEO).hexdigest()


async def test_a_file_that_has_gone_from_the_store_is_fetched_again(tmp_path: Path) -> None:
    async with opened_bench(tmp_path, {"/v": media.whole(VIDEO)}) as bench:
        record = bench.completed(video="/v")
        await bench.handle(record)
        await bench.services.objects.delete(f"{PROVIDER}/bot-1/video.mp4")
        await bench.handle(record)
        assert await bench.content("video.mp4") == VIDEO


@pytest.mark.parametrize(
    "meeting",
    ["../../etc", "..", ".", "/etc/passwd", "a/b", "..%2f..", ".uploads", "x" * 200],
)
async def test_a_meeting_id_with_path_tricks_stays_in_its_folder(tmp_path: Path, meeting: str) -> None:
    async with opened_bench(tmp_path, {"/v": media.whole(VIDEO)}) as bench:
        facts = await bench.handle(bench.completed(video="/v", meeting=meeting))
        assert await bench.stored() == [f"{PROVIDER}/{safe_segment(meeting)}/video.mp4"]
        assert facts[0].meeting_id == meeting
    beside = {name for name in os.listdir(tmp_path) if not name.startswith("adjourn.db")}
    assert beside == {"objects"}


async def test_events_without_files_cause_nothing(tmp_path: Path) -> None:
    async with opened_bench(tmp_path, {}) as bench:
        status = {"bot_id": "bot-1", "status": {"code": "in_call_recording"}}
        for record in (
            webhook("bot.status_change", status, event="event-1", meeting="bot-1"),
            webhook("bot.completed", {"bot_id": "bot-1", "video": None}, event="event-2", meeting="bot-1"),
            webhook("something.new", {"bot_id": "bot-1"}, event="event-3", meeting="bot-1"),
        ):
            assert list(await bench.handle(record)) == []
        assert await bench.stored() == []
