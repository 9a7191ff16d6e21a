"""Two workers make transcripts of one meeting at the same moment: no version is lost, rows tell of files."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from consumers.transcripts import CONSUMER as TRANSCRIPTS
from infra.errors import Retryable
from schemas.envelope import Record
from schemas.facts import Fact
from schemas.transcript import Transcript
from tests.consumers.storing import PROVIDER, Bench, opened_bench
from tests.consumers.transcribing import complete, sha256
from tests.servers.postgres import PostgresServer

_SAID = [f"version {letter}" for letter in "abcdefgh"]


@pytest.fixture
async def benches(postgres: PostgresServer, tmp_path: Path) -> AsyncIterator[Sequence[Bench]]:
    """Two workers with one store and one database."""
    url = postgres.new_database()
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(opened_bench(tmp_path, {}, database_url=url)) for _ in range(2)
        ]


async def test_transcripts_that_two_workers_make_at_once_are_all_kept(benches: Sequence[Bench]) -> None:
    works = [
        _until_done(complete(said, event=said), benches[number % 2]) for number, said in enumerate(_SAID)
    ]
    await asyncio.gather(*works)
    artifacts = await benches[0].artifacts()
    names = [f"transcript.{number}.json" for number in range(1, len(_SAID))] + ["transcript.json"]
    kept = {name: await benches[0].content(name) for name in names}
    assert {name: artifacts[name].sha256 for name in names} == {
        name: sha256(content) for name, content in kept.items()
    }
    transcripts = [Transcript.model_validate_json(content) for content in kept.values()]
    assert [transcript.version for transcript in transcripts] == list(range(1, len(_SAID) + 1))
    assert sorted(transcript.segments[0].text for transcript in transcripts) == _SAID


async def test_one_event_that_two_workers_have_at_once_makes_one_version(benches: Sequence[Bench]) -> None:
    facts = await asyncio.gather(*(_until_done(complete("same"), benches[turn % 2]) for turn in range(6)))
    assert len({fact.id for (fact,) in facts}) == 1
    assert await benches[0].stored() == [f"{PROVIDER}/bot-1/transcript.{end}" for end in ("json", "vtt")]


async def _until_done(record: Record, bench: Bench) -> Sequence[Fact]:
    while True:
        try:
            return await TRANSCRIPTS.handle(record, bench.services)
        except Retryable:
            await asyncio.sleep(0)
