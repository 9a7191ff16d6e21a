"""Names of speakers that a transcript lacks: found in the log beside it, and never at its cost."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from infra.database.meetings import Meeting, save_meeting
from infra.errors import Retryable
from infra.providers.meeting_baas import open_meeting_baas
from schemas.meeting import State
from tests.consumers.storing import PROVIDER, Bench, opened_bench, webhook
from tests.consumers.transcribing import stored_transcript, stored_versions, transcribe, transcripts_in
from tests.schemas.transcript_samples import SAID, artifact
from tests.servers.media import Answer, status, whole
from tests.servers.meeting_baas_api import KEY, serve_meeting_baas

NAMES = [speaker for speaker, _ in SAID]
PEOPLE = [{"name": "Ada Lindqvist", "id": 1}, {"name": "Grace Okafor", "id": 2}]
BEGAN = datetime(2026, 3, 2, 10, 0, 1, 266_000, tzinfo=UTC)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with opened_bench(tmp_path, {}) as opened:
        opened.source.answers["/t"] = whole(artifact("output_transcription.nameless.json"))
        opened.source.answers["/raw"] = whole(artifact("raw_transcription.two-parts.json"))
        opened.source.answers["/d"] = whole(artifact("diarization.jsonl"))
        yield opened


async def speakers(bench: Bench) -> list[str | None]:
    return [segment.speaker for segment in (await stored_transcript(bench)).segments]


@pytest.mark.parametrize("links", [{"transcription": "/t"}, {"raw_transcription": "/raw"}])
async def test_the_log_beside_a_transcript_tells_who_spoke(bench: Bench, links: dict[str, str]) -> None:
    await transcribe(bench, bench.completed(diarization="/d", **links))
    assert await speakers(bench) == NAMES
    assert (await stored_transcript(bench)).speakers == ("Ada Lindqvist", "Grace Okafor")


async def test_the_log_is_not_asked_for_where_every_speaker_has_a_name(bench: Bench) -> None:
    bench.source.answers["/t"] = whole(artifact("output_transcription.json"))
    await transcribe(bench, bench.completed(transcription="/t", diarization="/d"))
    assert bench.source.asked("/t") == len(bench.source.requests) == 1


async def test_the_log_is_read_from_the_store_where_it_is_there(bench: Bench) -> None:
    await bench.handle(bench.completed(event="earlier", diarization="/d"))
    bench.source.answers["/d"] = status(404)
    await transcribe(bench, bench.completed(transcription="/t", diarization="/d"))
    assert await speakers(bench) == NAMES


async def test_participants_who_have_numbers_are_named_by_them(bench: Bench) -> None:
    bench.source.answers["/t"] = whole(artifact("output_transcription.numbers.json"))
    data = {"bot_id": "bot-1", "transcription": bench.link("/t"), "participants": PEOPLE}
    await transcribe(bench, webhook("bot.completed", data, event="event-1", meeting="bot-1"))
    assert await speakers(bench) == NAMES


@pytest.mark.parametrize("answer", [status(404), whole(b"<html>Sorry</html>"), whole(b'{"turns": 1}')])
async def test_a_log_that_is_gone_or_none_does_not_cost_the_transcript(bench: Bench, answer: Answer) -> None:
    bench.source.answers["/d"] = answer
    facts = await transcribe(bench, bench.completed(transcription="/t", diarization="/d"))
    assert [stored.version for stored in transcripts_in(facts)] == [1]
    assert await speakers(bench) == [None] * 3


async def test_a_log_that_is_not_ready_makes_a_new_version_when_it_is(bench: Bench) -> None:
    record = bench.completed(transcription="/t", diarization="/d")
    bench.source.answers["/d"] = status(503)
    with pytest.raises(Retryable, match="speakers are not known yet") as later:
        await transcribe(bench, record)
    assert [stored.version for stored in transcripts_in(later.value.facts)] == [1]
    assert await speakers(bench) == [None] * 3
    bench.source.answers["/d"] = whole(artifact("diarization.jsonl"))
    (stored,) = transcripts_in(await transcribe(bench, record))
    assert (stored.version, await speakers(bench)) == (2, NAMES)


async def test_a_log_that_is_gone_by_now_takes_no_names_away(bench: Bench) -> None:
    record = bench.completed(transcription="/t", diarization="/d")
    first = await transcribe(bench, record)
    bench.source.answers["/d"] = status(404)
    again = await transcribe(bench, record)
    assert [fact.id for fact in again] == [fact.id for fact in first]
    assert len(await stored_versions(bench)) == 1
    assert await speakers(bench) == NAMES


async def test_v1s_log_is_asked_for_at_its_api_and_placed_by_when_the_recording_began(tmp_path: Path) -> None:
    spoken = [
        {"start_time": start, "end_time": end, "words": [{"word": text, "start": start, "end": end}]}
        for (_, text), (start, end) in zip(SAID, ((0.52, 3.33), (5.02, 7.61), (9.6, 12.57)), strict=True)
    ]
    data = {"bot_id": "bot-1", "mp4": "", "speakers": [], "transcript": spoken}
    async with (
        serve_meeting_baas() as api,
        open_meeting_baas(api.url, KEY) as asked,
        opened_bench(tmp_path, {}, providers={PROVIDER: asked}) as bench,
    ):
        api.source = bench.source.url
        api.has("bot-1", speaker_diarization_file="/log")
        bench.source.answers["/log"] = whole(artifact("speaker_diarization.jsonl"))
        async with bench.services.database.transaction() as tx:
            await save_meeting(tx, _meeting())
        await transcribe(bench, webhook("complete", data, event="event-1", meeting="bot-1"))
        assert await speakers(bench) == NAMES


def _meeting() -> Meeting:
    nothing = {"ended_at": None, "duration_seconds": None, "participants": (), "error": None, "message": None}
    return Meeting(PROVIDER, "bot-1", State.LIVE, BEGAN, **nothing, first_event_ms=1, last_event_ms=1)  # type: ignore[arg-type]
