"""Sources that fail: nothing half, nothing false, nothing else held up."""

from pathlib import Path

import pytest

from infra.errors import Halt, Poison, Retryable
from tests.consumers.storing import FLAC, PROVIDER, VIDEO, bodies, opened_bench, webhook
from tests.servers import media

PAGE = b"<!DOCTYPE html><html><body>Please sign in</body></html>"
DENIED = b'<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code></Error>'


@pytest.mark.parametrize(
    "answer",
    [
        media.cut_short(VIDEO, len(VIDEO) + 100),
        media.cut_short_chunked(VIDEO),
        media.silent_after(VIDEO, len(VIDEO) + 100),
        media.status(503),
        media.whole(b""),
        media.without_length(b""),
        media.whole(PAGE, "video/mp4"),
        media.whole(DENIED, "video/mp4"),
        media.whole(b'{"error": "expired"}', "video/mp4"),
        media.whole("Sitzung abgelaufen".encode("utf-16"), "video/mp4"),
    ],
)
async def test_what_is_no_whole_recording_is_not_stored_and_tried_again(
    tmp_path: Path, answer: media.Answer
) -> None:
    async with opened_bench(tmp_path, {"/v": answer}) as bench:
        with pytest.raises(Retryable, match=r"^video: "):
            await bench.handle(bench.completed(video="/v"))
        assert await bench.stored() == []
        assert await bench.artifacts() == {}


@pytest.mark.parametrize(
    "answer",
    [
        media.status(403, DENIED),
        media.status(404),
        media.redirect("/v"),
        media.endless(),
        media.gzipped(VIDEO),
    ],
)
async def test_what_can_never_be_fetched_is_not_stored_and_given_up(
    tmp_path: Path, answer: media.Answer
) -> None:
    async with opened_bench(tmp_path, {"/v": answer}, max_bytes=3_000_000) as bench:
        with pytest.raises(Poison, match=r"^video: "):
            await bench.handle(bench.completed(video="/v"))
        assert await bench.stored() == []


@pytest.mark.parametrize("kind", ["diarization", "raw_transcription", "chat_messages"])
@pytest.mark.parametrize("body", [PAGE, DENIED, b"Not Found", b"", b"\0\0\0\0", b'"expired"'])
async def test_what_is_no_json_is_no_side_file(tmp_path: Path, kind: str, body: bytes) -> None:
    async with opened_bench(tmp_path, {"/f": media.whole(body, "application/json")}) as bench:
        with pytest.raises(Retryable):
            await bench.handle(bench.completed(**{kind: "/f"}))
        assert await bench.stored() == []


@pytest.mark.parametrize(
    "link",
    [
        "https://10.0.0.1/v",
        "http://169.254.169.254/latest/meta-data",
        "https://[::1]/v",
        "file:///etc/passwd",
    ],
)
async def test_a_link_to_a_private_address_is_given_up(tmp_path: Path, link: str) -> None:
    async with opened_bench(tmp_path, {}) as bench:
        with pytest.raises(Poison):
            await bench.handle(bench.completed(video=link))
        assert await bench.stored() == []


async def test_a_link_that_fails_does_not_keep_the_others_from_being_stored(tmp_path: Path) -> None:
    async with opened_bench(tmp_path, {"/v": media.status(503), "/a": media.whole(FLAC)}) as bench:
        with pytest.raises(Retryable, match="answered 503") as raised:
            await bench.handle(bench.completed(video="/v", audio="/a"))
        assert await bench.stored() == [f"{PROVIDER}/bot-1/audio.flac"]
        assert list(await bench.artifacts()) == ["audio.flac"]
        assert list(bodies(raised.value.facts)) == ["audio.flac"]


async def test_a_retry_fetches_only_what_is_missing(tmp_path: Path) -> None:
    async with opened_bench(tmp_path, {"/v": media.status(503), "/a": media.whole(FLAC)}) as bench:
        record = bench.completed(video="/v", audio="/a")
        with pytest.raises(Retryable):
            await bench.handle(record)
        bench.source.answers["/v"] = media.whole(VIDEO)
        assert set(bodies(await bench.handle(record))) == {"video.mp4", "audio.flac"}
        assert (bench.source.asked("/v"), bench.source.asked("/a")) == (2, 1)


async def test_links_that_fail_are_tried_again_while_any_may_yet_work(tmp_path: Path) -> None:
    answers = {"/v": media.status(404), "/a": media.status(429, Retry_After="30"), "/d": media.status(503)}
    async with opened_bench(tmp_path, answers) as bench:
        with pytest.raises(Retryable, match=r"video: .*404.* audio: .*429.* diarization: .*503") as raised:
            await bench.handle(bench.completed(video="/v", audio="/a", diarization="/d"))
        assert raised.value.after_seconds == 30


async def test_when_all_that_failed_is_hopeless_what_was_stored_is_told_all_the_same(tmp_path: Path) -> None:
    async with opened_bench(tmp_path, {"/v": media.status(404), "/a": media.whole(FLAC)}) as bench:
        with pytest.raises(Poison) as raised:
            await bench.handle(bench.completed(video="/v", audio="/a"))
        assert list(bodies(raised.value.facts)) == ["audio.flac"]


async def test_a_store_that_is_not_there_stops_everything(tmp_path: Path) -> None:
    async with opened_bench(tmp_path, {"/v": media.whole(VIDEO)}) as bench:
        (bench.root / ".uploads").rmdir()
        with pytest.raises(Halt, match="is not there"):
            await bench.handle(bench.completed(video="/v"))


async def test_an_event_that_cannot_be_read_is_given_up(tmp_path: Path) -> None:
    async with opened_bench(tmp_path, {}) as bench:
        with pytest.raises(Poison, match="The event cannot be read"):
            await bench.handle(webhook("bot.completed", {}, event="event-1", meeting="bot-1"))


async def test_no_error_tells_the_query_of_a_link(tmp_path: Path) -> None:
    async with opened_bench(tmp_path, {"/v": media.status(403), "/a": media.whole(b"")}) as bench:
        with pytest.raises(Retryable) as raised:
            await bench.handle(bench.completed(video="/v", audio="/a"))
        assert f"{bench.source.url}/v" in str(raised.value)
        assert "f00dcafe" not in str(raised.value)
