"""The whole way of a meeting through every consumer that keeps rows, on each database."""

from collections.abc import Sequence
from pathlib import Path

from consumers.base import Consumer
from consumers.meetings import CONSUMER as MEETINGS
from consumers.recordings import CONSUMER as RECORDINGS
from consumers.transcripts import CONSUMER as TRANSCRIPTS
from infra.database.events import timeline
from infra.database.failures import open_failures_of
from infra.database.meetings import find_meetings
from infra.database.search import search
from schemas.dead_letter import dead_letter_headers
from schemas.envelope import Record, event_headers
from schemas.facts import Fact
from schemas.manifest import Manifest
from schemas.meeting import State
from schemas.topics import DEAD_LETTERS, EVENTS
from tests.consumers.storing import FLAC, PROVIDER, VIDEO, Bench, opened_bench
from tests.consumers.transcribing import complete
from tests.servers import media

_FILES = {"/v": media.whole(VIDEO), "/a": media.whole(FLAC)}


async def test_a_meeting_goes_its_whole_way_and_once_more(tmp_path: Path, database_url: str) -> None:
    async with opened_bench(tmp_path, _FILES, database_url=database_url) as bench:
        for _ in range(2):
            await _whole_way(bench)
        async with bench.services.database.reading() as tx:
            (overview,) = await find_meetings(tx, "bot-1")
            events = await timeline(tx, PROVIDER, "bot-1")
            failures = await open_failures_of(tx, PROVIDER, "bot-1")
            hits = await search(tx, "BUDGÉT", limit=5)
        manifest = Manifest.model_validate_json(await bench.content("manifest.json"))
    names = ["video.mp4", "audio.flac", "transcript.json", "transcript.vtt"]
    assert overview.meeting.state is State.COMPLETED
    assert [artifact.name for artifact in overview.artifacts] == names
    assert manifest.artifacts == overview.artifacts
    assert sorted(event.id for event in events) == ["completed", "fact-0", "fact-1", "fact-2", "said"]
    assert [(failure.consumer, failure.kind) for failure in failures] == [("recordings", "exhausted")]
    assert [(hit.meeting_id, hit.speaker, hit.text) for hit in hits] == [
        ("bot-1", "Ada", "the budget was fine")
    ]


async def _whole_way(bench: Bench) -> None:
    completed = bench.completed(event="completed", video="/v", audio="/a")
    said = complete("the budget was\x00 fine", event="said")
    facts: list[Fact] = []
    for consumer in (MEETINGS, RECORDINGS, TRANSCRIPTS):
        for record in (completed, said):
            facts += await _caused(consumer, record, bench)
    stored = [fact for fact in facts if fact.type.endswith(".stored")]
    for number, fact in enumerate(stored):
        await _caused(MEETINGS, _record(f"fact-{number}", fact), bench)
    await _caused(MEETINGS, _buried(completed), bench)


async def _caused(consumer: Consumer, record: Record, bench: Bench) -> Sequence[Fact]:
    return await consumer.handle(record, bench.services)


def _record(id_: str, fact: Fact) -> Record:
    headers = event_headers(
        id=id_, source="/", type=fact.type, subject=fact.meeting_id, time="2026-01-02T03:04:05Z"
    )
    return Record(EVENTS, 0, 1, fact.meeting_id, 1, headers, fact.body.model_dump_json().encode())


def _buried(record: Record) -> Record:
    headers = dead_letter_headers(
        record.headers,
        consumer="recordings",
        kind="exhausted",
        error="gone",
        attempts=7,
        topic=record.topic,
        partition=0,
        offset=1,
        time="2026-01-02T03:04:05Z",
    )
    return Record(DEAD_LETTERS, 0, 1, record.key, 1, headers, record.value)
