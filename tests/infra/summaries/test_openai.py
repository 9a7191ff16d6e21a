"""Summaries by a language model, from a real server that speaks OpenAI's protocol."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from aiohttp import web

from infra.errors import Poison, Retryable
from infra.summaries.base import Summariser
from infra.summaries.openai import open_openai
from tests.infra.summaries.talking import spoken, transcript
from tests.servers.openai_api import KEY, MODEL, OpenAiApi, pouring, refusing, saying, serve_openai

TALK = transcript(("Ada", "Good morning, everybody."), ("Bob", "We ship the release on Friday."))


@pytest.fixture
async def api() -> AsyncIterator[OpenAiApi]:
    async with serve_openai() as served:
        yield served


def opened(api: OpenAiApi, **more: Any) -> AbstractAsyncContextManager[Summariser]:
    return open_openai(api.url, MODEL, KEY, **more)


async def test_a_summary_has_its_times_and_names_from_the_transcript(api: OpenAiApi) -> None:
    async with opened(api) as model:
        made = await model.summarise(TALK)
    assert made.summary.overview == ("2 lines, from 1 to 2.",)
    assert [(topic.title, topic.start) for topic in made.summary.topics] == [("About Good", 0)]
    assert [(point.who, point.start) for point in made.summary.decisions] == [("Bob", 10)]


async def test_a_name_that_nobody_said_is_left_out(api: OpenAiApi) -> None:
    async with opened(api) as model:
        made = await model.summarise(TALK)
    assert [point.who for point in made.summary.action_items] == [None]  # the model says Zaphod


async def test_tokens_and_cost_are_counted(api: OpenAiApi) -> None:
    api.usage = {"prompt_tokens": 1000, "completion_tokens": 50, "cost": 0.25}
    api.answers += [saying("no JSON", usage=api.usage)]
    async with opened(api) as model:
        effort = (await model.summarise(TALK)).effort
    assert (effort.requests, effort.prompt_tokens, effort.completion_tokens, effort.cost) == (
        2,
        2000,
        100,
        0.5,
    )
    assert effort.model == f"{MODEL}-2026-01-01"


async def test_what_an_endpoint_does_not_tell_is_null(api: OpenAiApi) -> None:
    api.usage = {}
    async with opened(api) as model:
        effort = (await model.summarise(TALK)).effort
    assert (effort.requests, effort.prompt_tokens, effort.cost) == (1, None, None)


async def test_nothing_is_asked_of_silence(api: OpenAiApi) -> None:
    async with opened(api) as model:
        made = await model.summarise(spoken(()))
    assert made.summary.overview == ()
    assert api.questions == []


async def test_the_model_the_language_and_the_wishes_are_asked_for(api: OpenAiApi) -> None:
    async with opened(api, language="German", wishes="Only what costs money.") as model:
        await model.summarise(TALK)
    [question] = api.questions
    assert question.body["model"] == MODEL
    assert "in this language: German" in question.text
    assert "Only what costs money." in question.text
    assert question.body["response_format"]["json_schema"]["strict"] is True


async def test_nothing_of_the_environment_reaches_the_endpoint(
    api: OpenAiApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, "of-somebody-else")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    async with open_openai(api.url, MODEL, "") as model:
        await model.summarise(TALK)
    [question] = api.questions
    assert not [value for value in question.headers.values() if "somebody" in value]


async def test_a_long_transcript_is_summarised_in_parts_and_then_as_one(api: OpenAiApi) -> None:
    talk = transcript(*[("Ada", f"Number {number} " + "is said at length. " * 10) for number in range(40)])
    async with opened(api, part_bytes=2000) as model:
        made = await model.summarise(talk)
    assert len(api.questions) > 5
    assert "notes on the parts" in api.questions[-1].text
    assert made.effort.requests == len(api.questions)
    assert made.effort.prompt_tokens == 100 * len(api.questions)
    assert all(
        point.start in {segment.start for segment in talk.segments} for point in made.summary.decisions
    )
    for question in api.questions:
        assert len(question.body["messages"][1]["content"]) < 3000


async def test_what_was_answered_before_the_endpoint_went_away_is_not_paid_for_twice(api: OpenAiApi) -> None:
    talk = transcript(*[("Ada", f"Number {number} " + "is said at length. " * 10) for number in range(20)])
    said = api.says
    calls = 0

    def then_away(messages: Any) -> str:
        nonlocal calls
        calls += 1
        if calls == 3:
            api.always = refusing(503)
        return said(messages)

    api.says = then_away
    async with opened(api, part_bytes=2000) as model:
        with pytest.raises(Retryable, match="503"):
            await model.summarise(talk)
        assert len(api.questions) == 4
        api.always = None
        made = await model.summarise(talk)
    texts = [question.text for question in api.questions]
    assert len(set(texts)) == len(texts) - 1  # only the one that was refused
    assert made.effort.requests == len(texts) - 1


async def test_a_transcript_of_far_too_many_parts_is_not_paid_for(api: OpenAiApi) -> None:
    talk = transcript(*[("Ada", "word " * 100) for _ in range(200)])
    async with opened(api, part_bytes=600) as model:
        with pytest.raises(Poison, match="more than 64"):
            await model.summarise(talk)
    assert api.questions == []


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 529])
async def test_an_endpoint_that_cannot_now_is_waited_for_as_long_as_it_says(
    api: OpenAiApi, status: int
) -> None:
    api.always = refusing(status, {"Retry-After": "17"})
    async with opened(api) as model:
        with pytest.raises(Retryable, match=str(status)) as raised:
            await model.summarise(TALK)
    assert raised.value.after_seconds == 17
    assert len(api.questions) == 1


async def test_an_endpoint_that_is_down_is_waited_for() -> None:
    async with serve_openai() as gone:
        pass
    async with opened(gone) as model:
        with pytest.raises(Retryable, match="does not answer"):
            await model.summarise(TALK)


async def test_an_endpoint_that_is_silent_is_waited_for(api: OpenAiApi) -> None:
    async def silent(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"{")
        assert request.transport is not None
        while not request.transport.is_closing():
            await response.write(b" ")
        return response

    api.always = silent
    async with opened(api, timeout_seconds=0.5, most_bytes=1 << 40) as model:
        with pytest.raises(Retryable, match="no answer in"):
            await model.summarise(TALK)


@pytest.mark.parametrize(
    ("status", "setting"), [(401, "ADJOURN_SUMMARY_API_KEY"), (404, "ADJOURN_SUMMARY_MODEL")]
)
async def test_what_a_person_must_set_right_is_told(api: OpenAiApi, status: int, setting: str) -> None:
    api.always = refusing(status, message=f"Incorrect API key {KEY}")
    async with opened(api) as model:
        with pytest.raises(Retryable, match=setting) as raised:
            await model.summarise(TALK)
    assert KEY not in str(raised.value)


async def test_a_question_that_is_not_taken_is_not_repeated(api: OpenAiApi) -> None:
    api.always = refusing(400, message="context length exceeded: Good morning, everybody")
    async with opened(api) as model:
        with pytest.raises(Poison, match="does not take") as raised:
            await model.summarise(TALK)
    assert "morning" not in str(raised.value)
    assert len(api.questions) == 1


async def test_an_endpoint_that_knows_no_schemas_is_asked_without(api: OpenAiApi) -> None:
    api.answers.append(refusing(400, message="Unknown parameter: response_format"))
    async with opened(api) as model:
        assert (await model.summarise(TALK)).summary.overview
    assert api.questions[1].body["response_format"] == {"type": "text"}


NOWHERE: Mapping[str, str] = {
    "prose": "Sure! Here is your summary.",
    "empty": "",
    "an array": "[]",
    "another object": '{"summary": "fine"}',
    "a field too many": '{"overview": ["x"], "topics": [], "decisions": [], "action_items": [], "y": 1}',
    "no overview": '{"overview": [], "topics": [], "decisions": [], "action_items": []}',
    "a line that does not exist": '{"overview": ["x"], "topics": [{"title": "t", "text": "", "line": 99}],'
    ' "decisions": [], "action_items": []}',
    "long words": '{"overview": ["' + "x" * 5000 + '"], "topics": [], "decisions": [], "action_items": []}',
    "deep": "{" * 100_000 + "}",
}


@pytest.mark.parametrize("content", NOWHERE.values(), ids=NOWHERE)
async def test_nonsense_is_asked_again_and_then_given_up(api: OpenAiApi, content: str) -> None:
    api.always = saying(content)
    async with opened(api) as model:
        with pytest.raises(Poison, match="of no use, 3 times over"):
            await model.summarise(TALK)
    assert len(api.questions) == 3


@pytest.mark.parametrize("content", NOWHERE.values(), ids=NOWHERE)
async def test_sense_after_nonsense_is_taken(api: OpenAiApi, content: str) -> None:
    api.answers.append(saying(content))
    async with opened(api) as model:
        assert (await model.summarise(TALK)).summary.overview == ("2 lines, from 1 to 2.",)


async def test_an_answer_that_was_cut_is_nonsense(api: OpenAiApi) -> None:
    api.always = saying(
        '{"overview": ["x"], "topics": [], "decisions": [], "action_items": []}', finish_reason="length"
    )
    async with opened(api) as model:
        with pytest.raises(Poison, match="cut at the model's limit"):
            await model.summarise(TALK)


async def test_a_fence_around_the_answer_is_no_nonsense(api: OpenAiApi) -> None:
    said = api.says
    api.says = lambda messages: f"Here you are:\n```json\n{said(messages)}\n```"
    async with opened(api) as model:
        await model.summarise(TALK)
    assert len(api.questions) == 1


@pytest.mark.parametrize("status", [200, 500])
async def test_ten_megabytes_are_not_read(api: OpenAiApi, status: int) -> None:
    api.always = pouring(10 * 1024 * 1024, status)
    async with opened(api, most_bytes=100_000) as model:
        with pytest.raises(Poison, match="bytes"):
            await model.summarise(TALK)
    assert len(api.questions) == 3


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"null", b'{"choices": []}', b'{"choices": [{"message": 5}]}']
)
async def test_what_is_not_of_the_protocol_is_nonsense(api: OpenAiApi, body: bytes) -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(body=body, content_type="application/json")

    api.always = answer
    async with opened(api) as model:
        with pytest.raises(Poison, match="not of OpenAI's protocol"):
            await model.summarise(TALK)
