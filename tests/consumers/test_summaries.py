"""Summaries: made once of each transcript, of the newest only, and by nobody else when a model is away."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from consumers.meetings import CONSUMER as MEETINGS
from consumers.summaries import handle, summarise_again
from infra.database.forgotten import forget
from infra.database.transcripts import versions_of
from infra.errors import Poison, Retryable
from infra.summaries.base import Summarised
from infra.summaries.extractive import Extractive
from infra.summaries.openai import open_openai
from schemas.envelope import Record, event_headers
from schemas.facts import TRANSCRIPT_STORED, Fact, SummaryStored
from schemas.manifest import Manifest
from schemas.summary_page import head_of
from schemas.topics import EVENTS
from schemas.transcript import Transcript
from tests.consumers.storing import PROVIDER, Bench, opened_bench
from tests.consumers.transcribing import complete, transcribe
from tests.servers.openai_api import KEY, MODEL, pouring, refusing, serve_openai

KEY_OF_MEETING = (PROVIDER, "bot-1")
SAID = "We decided to ship on Friday and everybody was glad of it."


def told(fact: Fact) -> Record:
    """The record of a fact, as the runner publishes it."""
    headers = event_headers(
        id=fact.id,
        source="/consumers/x",
        type=fact.type,
        subject=fact.meeting_id,
        time="2026-01-02T03:04:05Z",
    )
    body = fact.body.model_dump_json().encode()
    return Record(EVENTS, 0, 1, fact.meeting_id, 1_767_323_045_000, headers, body)


async def transcribed(bench: Bench, text: str = SAID, event: str = "event-1") -> Record:
    [fact] = await transcribe(bench, complete(text, event=event))
    return told(fact)


def stored(facts: Sequence[Fact]) -> SummaryStored:
    [fact] = facts
    assert isinstance(fact.body, SummaryStored)
    return fact.body


async def test_a_transcript_is_summarised(tmp_path: Path) -> None:
    async with opened_bench(tmp_path, {}) as bench:
        record = await transcribed(bench)
        body = stored(await handle(record, bench.services))
        document = await bench.content("summary.md")
        assert SAID in document.decode()
        assert "extractive" in document.decode()
        assert (body.by, body.version, body.requests, body.model) == ("extractive", 1, 0, None)
        assert body.url.endswith("/meeting-baas/bot-1/summary.md")
        assert (await bench.artifacts())["summary.md"].source_event == record.id


async def test_the_manifest_and_the_timeline_have_it(tmp_path: Path) -> None:
    async with opened_bench(tmp_path, {}) as bench:
        [fact] = await handle(await transcribed(bench), bench.services)
        await MEETINGS.handle(told(fact), bench.services)
        manifest = Manifest.model_validate_json(await bench.content("manifest.json"))
    assert "summary" in [artifact.kind for artifact in manifest.artifacts]


async def test_one_transcript_is_summarised_once(tmp_path: Path) -> None:
    async with (
        serve_openai() as api,
        open_openai(api.url, MODEL, KEY) as model,
        opened_bench(tmp_path, {}, summariser=model) as bench,
    ):
        record = await transcribed(bench)
        first, second = [await handle(record, bench.services) for _ in range(2)]
        assert first == second
        assert len(api.questions) == 1
        body = stored(first)
        assert (body.by, body.prompt_tokens, body.completion_tokens) == ("openai", 100, 20)
        head = head_of(await bench.content("summary.md"))
        assert head is not None
        assert (head.prompt_tokens, head.requests) == (100, 1)


async def test_who_died_before_the_row_does_not_pay_again(tmp_path: Path) -> None:
    async with serve_openai() as api, open_openai(api.url, MODEL, KEY) as model:
        async with opened_bench(tmp_path / "a", {}, summariser=model) as bench:
            record = await transcribed(bench)
            first = await handle(record, bench.services)
            document = await bench.content("summary.md")
        async with opened_bench(tmp_path / "b", {}, summariser=model) as bench:  # all but the row
            again = await transcribed(bench)
            name = "meeting-baas/bot-1/summary.md"
            await bench.services.objects.put(name, document, media_type="text/markdown")
            second = await handle(again, bench.services)
            assert stored(second).sha256 == stored(first).sha256
            assert "summary.md" in await bench.artifacts()
        assert len(api.questions) == 1


async def test_a_new_version_has_a_summary_of_its_own(tmp_path: Path) -> None:
    async with opened_bench(tmp_path, {}) as bench:
        old = await transcribed(bench)
        await handle(old, bench.services)
        new = await transcribed(bench, "Quite another thing was said after all.", event="event-2")
        assert await handle(old, bench.services) == ()
        assert stored(await handle(new, bench.services)).version == 2
        assert "another thing" in (await bench.content("summary.md")).decode()


async def test_it_is_made_again_for_whoever_asks(tmp_path: Path) -> None:
    async with (
        serve_openai() as api,
        open_openai(api.url, MODEL, KEY) as model,
        opened_bench(tmp_path, {}, summariser=model) as bench,
    ):
        record = await transcribed(bench)
        await handle(record, bench.services)
        assert await summarise_again(KEY_OF_MEETING, bench.services, cause="by-hand") is not None
        assert len(api.questions) == 2
        await handle(record, bench.services)
        assert len(api.questions) == 2
        assert (await bench.artifacts())["summary.md"].source_event == "by-hand"


async def test_nothing_is_made_where_summaries_are_off(tmp_path: Path) -> None:
    async with opened_bench(tmp_path, {}, summariser=None) as bench:
        assert await handle(await transcribed(bench), bench.services) == ()
        assert "meeting-baas/bot-1/summary.md" not in await bench.stored()


async def test_nothing_is_made_of_a_meeting_that_was_forgotten(tmp_path: Path) -> None:
    async with opened_bench(tmp_path, {}) as bench:
        record = await transcribed(bench)
        async with bench.services.database.transaction() as tx:
            await forget(tx, *KEY_OF_MEETING, 1)
        assert await handle(record, bench.services) == ()
        assert "meeting-baas/bot-1/summary.md" not in await bench.stored()


async def test_a_model_that_is_away_is_waited_for_and_nobody_stands_in(tmp_path: Path) -> None:
    async with serve_openai() as api, open_openai(api.url, MODEL, KEY) as model:
        api.always = refusing(503, {"Retry-After": "30"})
        async with opened_bench(tmp_path, {}, summariser=model) as bench:
            with pytest.raises(Retryable) as raised:
                await handle(await transcribed(bench), bench.services)
            assert raised.value.after_seconds == 30
            assert "meeting-baas/bot-1/summary.md" not in await bench.stored()


async def test_nonsense_leaves_nothing(tmp_path: Path) -> None:
    async with serve_openai() as api, open_openai(api.url, MODEL, KEY) as model:
        api.always = pouring(10 * 1024 * 1024)
        async with opened_bench(tmp_path, {}, summariser=model) as bench:
            with pytest.raises(Poison):
                await handle(await transcribed(bench), bench.services)
            assert "meeting-baas/bot-1/summary.md" not in await bench.stored()


async def test_a_transcript_that_is_not_as_it_was_stored_is_not_summarised(tmp_path: Path) -> None:
    async with opened_bench(tmp_path, {}) as bench:
        record = await transcribed(bench)
        await bench.services.objects.delete("meeting-baas/bot-1/transcript.json")
        with pytest.raises(Retryable, match="not in the object store"):
            await handle(record, bench.services)


async def test_a_version_that_came_meanwhile_is_not_covered_by_the_summary_of_an_older_one(
    tmp_path: Path,
) -> None:
    @dataclass(frozen=True, slots=True)
    class Slow:
        """While it works, a new version comes."""

        bench: Bench

        async def summarise(self, transcript: Transcript) -> Summarised:
            await transcribed(self.bench, "Something else after all.", event="event-2")
            return await Extractive().summarise(transcript)

    async with opened_bench(tmp_path, {}) as bench:
        record = await transcribed(bench)
        services = replace(bench.services, summariser=Slow(bench))
        with pytest.raises(Retryable, match="newer transcript"):
            await handle(record, services)
        assert "meeting-baas/bot-1/summary.md" not in await bench.stored()
        assert await handle(record, services) == ()
        async with bench.services.database.reading() as tx:
            assert len(await versions_of(tx, *KEY_OF_MEETING)) == 2


async def test_names_and_words_are_shown_and_never_rendered(tmp_path: Path) -> None:
    async with opened_bench(tmp_path, {}) as bench:
        await handle(
            await transcribed(bench, "We decided <script>alert(1)</script> to **ship** it."), bench.services
        )
        document = (await bench.content("summary.md")).decode()
    assert "<script>" not in document
    assert "&lt;script&gt;" in document


async def test_a_fact_that_cannot_be_read_is_poison(tmp_path: Path) -> None:
    async with opened_bench(tmp_path, {}) as bench:
        record = await transcribed(bench)
        assert record.type == TRANSCRIPT_STORED
        with pytest.raises(Poison, match="cannot be read"):
            await handle(replace(record, value=b"{}"), bench.services)
