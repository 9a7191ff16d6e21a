"""Summaries by the real runner: what becomes of a transcript while the model is away, or talks nonsense."""

from pathlib import Path

import pytest

from consumers.summaries import CONSUMER
from infra.summaries.openai import open_openai
from schemas.envelope import Record
from schemas.facts import SUMMARY_STORED, Fact
from schemas.topics import DEAD_LETTERS, EVENTS
from tests.consumers.running import QUICK, opened_log, records, running, until_committed
from tests.consumers.storing import Bench, opened_bench
from tests.consumers.test_summaries import told
from tests.consumers.transcribing import complete, transcribe
from tests.servers.openai_api import KEY, MODEL, Answer, OpenAiApi, refusing, saying, serve_openai


async def worked(folder: Path, bench: Bench) -> tuple[list[str], list[str]]:
    """A transcript is stored and told of; the kinds of dead letters, and the facts, once all is done."""
    [fact] = await transcribe(bench, complete("We decided to ship on Friday."))
    async with opened_log(folder) as log:
        headers = told(fact).headers
        await log.append(
            EVENTS, key=fact.meeting_id, value=fact.body.model_dump_json().encode(), headers=headers
        )

        async def handle(record: Record, _: object) -> list[Fact]:
            return list(await CONSUMER.handle(record, bench.services))

        async with running(log, handle, name=CONSUMER.name, topics=CONSUMER.topics):
            await until_committed(log, CONSUMER.name, CONSUMER.topics)

        letters = await records(log, DEAD_LETTERS)
        kinds = [letter.headers["dl_kind"] for letter in letters]
        return kinds, [record.type for record in await records(log, EVENTS)]


@pytest.mark.parametrize(
    ("answer", "kind", "asked"),
    [(refusing(503), "exhausted", QUICK.attempts), (saying("no idea"), "poison", 3)],
    ids=["away", "nonsense"],
)
async def test_a_model_of_no_use_ends_in_a_dead_letter_and_in_no_other_summary(
    tmp_path: Path, answer: Answer, kind: str, asked: int
) -> None:
    async with serve_openai() as api, open_openai(api.url, MODEL, KEY) as model:
        api.always = answer
        async with opened_bench(tmp_path, {}, summariser=model) as bench:
            kinds, facts = await worked(tmp_path, bench)
            assert kinds == [kind]
            assert SUMMARY_STORED not in facts
            assert "meeting-baas/bot-1/summary.md" not in await bench.stored()
    assert len(api.questions) == asked


async def test_a_model_that_comes_back_is_asked_again(tmp_path: Path) -> None:
    async with serve_openai() as api, open_openai(api.url, MODEL, KEY) as model:
        away(api, times=QUICK.attempts - 1)
        async with opened_bench(tmp_path, {}, summariser=model) as bench:
            kinds, facts = await worked(tmp_path, bench)
    assert kinds == []
    assert facts[-1] == SUMMARY_STORED


def away(api: OpenAiApi, *, times: int) -> None:
    api.answers += [refusing(429, {"Retry-After": "0"})] * times
