"""A request is carried out: called for once, waited for, and what comes is a new version."""

import asyncio

import pytest

from consumers.retranscription.machine import Pace
from infra.database.forgotten import forget
from infra.database.retranscriptions import Stage
from infra.errors import Later, Poison
from schemas.facts import RetranscriptionFailed, TranscriptStored
from tests.consumers.retranscription.desk import BOT, V1, V2, Desk
from tests.consumers.transcribing import output
from tests.servers.media import whole
from tests.servers.meeting_baas_api import Answer, Bot, dropped, silent, status, too_many
from tests.servers.meeting_baas_transcribing import said

both = pytest.mark.parametrize("generation", [V1, V2])


@both
async def test_what_comes_is_stored_as_a_new_version(desk: Desk, generation: str) -> None:
    bot = await desk.ended(generation)
    await desk.transcribed("a poor one")
    request = desk.by_hand()
    await desk.until_called(request)
    _arrives(bot, generation)
    [fact] = await desk.until_over(request)
    assert isinstance(fact.body, TranscriptStored)
    assert fact.body.version == 2
    assert await desk.newest() == "a better one"
    assert [one.stage for one in await desk.known()] == [Stage.DONE]
    assert desk.asked(generation) == len(bot.transcribing.asked) == 1


@both
async def test_of_workers_who_begin_in_the_same_moment_one_calls(desk: Desk, generation: str) -> None:
    bot = await desk.ended(generation)
    request = desk.by_hand()
    await asyncio.gather(*(desk.until_called(request) for _ in range(4)))
    assert len(bot.transcribing.asked) == desk.asked(generation) == 1


@both
async def test_told_again_of_what_is_done_it_tells_the_same_and_calls_nobody(
    desk: Desk, generation: str
) -> None:
    bot = await desk.ended(generation)
    request = desk.by_hand()
    await desk.until_called(request)
    _arrives(bot, generation)
    first = await desk.until_over(request)
    calls = len(desk.upstream.calls)
    assert [fact.id for fact in await desk.handle(request)] == [fact.id for fact in first]
    assert len(desk.upstream.calls) == calls


async def test_a_webhook_that_brings_it_ends_the_waiting_without_a_question(desk: Desk) -> None:
    await desk.ended(V2)
    request = desk.by_hand()
    await desk.until_called(request)
    await desk.transcribed("a better one", event="the new one")
    calls = len(desk.upstream.calls)
    assert list(await desk.handle(request)) == []
    assert [one.stage for one in await desk.known()] == [Stage.DONE]
    assert len(desk.upstream.calls) == calls


async def test_what_is_wished_stands_in_the_question(desk: Desk) -> None:
    v1, v2 = await desk.ended(V1), await desk.ended(V2, bot="bot-2")
    await desk.until_called(desk.by_hand(provider="gladia"))
    await desk.until_called(desk.by_hand(bot="bot-2", provider="Deepgram", language="de"))
    assert [question["speech_to_text"] for question in v1.transcribing.asked] == [
        {"provider": "Gladia", "api_key": None}
    ]
    assert v2.transcribing.asked == [
        {"transcription": {"provider": "deepgram", "custom_params": {"language": "de"}}}
    ]


@both
async def test_without_an_answer_within_an_hour_it_has_failed(desk: Desk, generation: str) -> None:
    await desk.ended(generation)
    request = desk.by_hand()
    began_ms = desk.clock()
    with pytest.raises(Poison, match="No new transcript came within 60 minutes") as failure:
        await desk.until_over(request)
    assert 3600 <= (desk.clock() - began_ms) / 1000 < 3700
    [fact] = failure.value.facts
    assert isinstance(fact.body, RetranscriptionFailed)
    assert fact.body.request == request.id
    assert desk.asked(generation) == 1


@both
async def test_told_again_of_what_failed_it_fails_the_same(desk: Desk, generation: str) -> None:
    await desk.ended(generation)
    request = desk.by_hand()
    with pytest.raises(Poison) as first:
        await desk.until_over(request)
    with pytest.raises(Poison) as second:
        await desk.handle(request)
    assert [fact.id for fact in first.value.facts] == [fact.id for fact in second.value.facts]
    assert first.value.facts[0].body == second.value.facts[0].body
    assert desk.asked(generation) == 1


@both
async def test_what_comes_after_all_heals_what_failed(desk: Desk, generation: str) -> None:
    bot = await desk.ended(generation)
    request = desk.by_hand()
    with pytest.raises(Poison):
        await desk.until_over(request)
    _arrives(bot, generation)
    [fact] = await desk.handle(request)
    assert isinstance(fact.body, TranscriptStored)
    assert await desk.newest() == "a better one"
    assert [one.stage for one in await desk.known()] == [Stage.DONE]
    assert desk.asked(generation) == 1


@both
async def test_what_fails_at_the_provider_has_failed(desk: Desk, generation: str) -> None:
    bot = await desk.ended(generation)
    request = desk.by_hand()
    await desk.until_called(request)
    bot.transcribing.fails()
    with pytest.raises(Poison, match="failed"):
        await desk.until_over(request)


@both
async def test_an_empty_one_does_not_replace_one_with_words(desk: Desk, generation: str) -> None:
    bot = await desk.ended(generation)
    desk.bench.source.answers["/empty.json"] = whole(output())
    await desk.transcribed("a poor one")
    request = desk.by_hand()
    await desk.until_called(request)
    bot.transcribing.ends(transcripts=[{"id": 1, "speaker": "Ada", "words": []}], file="/empty.json")
    await desk.until_over(request)
    assert await desk.newest() == "a poor one"
    assert [one.stage for one in await desk.known()] == [Stage.DONE]


@both
@pytest.mark.parametrize("answer", [too_many(1), status(409), status(402), status(401)])
async def test_a_call_that_is_surely_not_taken_is_repeated(
    desk: Desk, generation: str, answer: Answer
) -> None:
    bot = await desk.ended(generation)
    request = desk.by_hand()
    desk.upstream.instead[_call(generation)] = answer
    await desk.until_called(request)
    assert [one.stage for one in await desk.known()] == [Stage.REQUESTED]
    desk.upstream.instead.clear()
    await desk.until_called(request)
    assert len(bot.transcribing.asked) == 1


@both
@pytest.mark.parametrize("code", [400, 404, 422])
async def test_a_call_that_is_refused_fails_at_once_and_a_replay_tries_it_again(
    desk: Desk, generation: str, code: int
) -> None:
    bot = await desk.ended(generation)
    request = desk.by_hand()
    desk.upstream.instead[_call(generation)] = status(code)
    with pytest.raises(Poison, match=str(code)):
        await desk.handle(request)
    desk.upstream.instead.clear()
    await desk.until_called(request)
    assert len(bot.transcribing.asked) == 1


@both
@pytest.mark.parametrize("answer", [silent(), dropped(), status(500), status(502), status(504)])
async def test_a_call_that_was_taken_and_whose_answer_is_lost_is_not_repeated(
    desk: Desk, generation: str, answer: Answer
) -> None:
    bot = await desk.ended(generation)
    request = desk.by_hand()
    desk.upstream.afterwards[_call(generation)] = answer
    await desk.until_called(request)
    assert [one.stage for one in await desk.known()] == [Stage.CALLING]
    desk.upstream.afterwards.clear()
    for _ in range(30):
        with pytest.raises(Later) as later:
            await desk.handle(request)
        desk.clock.passes(later.value.after_seconds)
    _arrives(bot, generation)
    await desk.until_over(request)
    assert await desk.newest() == "a better one"
    assert len(bot.transcribing.asked) == desk.asked(generation) == 1


async def test_a_call_of_v2_that_was_not_taken_after_all_is_repeated(desk: Desk) -> None:
    bot = await desk.ended(V2)
    request = desk.by_hand()
    desk.upstream.instead["v2 retranscribe"] = dropped()
    await desk.until_called(request)
    desk.upstream.instead.clear()
    while not bot.transcribing.asked:
        with pytest.raises(Later) as later:
            await desk.handle(request)
        desk.clock.passes(later.value.after_seconds)
    _arrives(bot, V2)
    await desk.until_over(request)
    assert len(bot.transcribing.asked) == 1
    assert desk.asked(V2) == 2


async def test_a_call_of_v1_of_which_nobody_can_tell_is_never_repeated(desk: Desk) -> None:
    bot = await desk.ended(V1)
    request = desk.by_hand()
    desk.upstream.instead["v1 retranscribe"] = dropped()
    await desk.until_called(request)
    desk.upstream.instead.clear()
    with pytest.raises(Poison, match="is not known: `adjourn retranscribe` asks once more"):
        await desk.until_over(request)
    assert len(bot.transcribing.asked) == 0
    assert desk.asked(V1) == 1


@both
async def test_while_the_api_is_away_it_waits_and_then_gives_up(desk: Desk, generation: str) -> None:
    await desk.ended(generation)
    request = desk.by_hand()
    desk.pace = Pace(trouble=600)
    desk.upstream.always = status(503)
    with pytest.raises(Poison, match=r"could not be asked for within 60 minutes: .*503"):
        await desk.until_over(request)
    assert desk.asked(generation) == 0


async def test_of_a_meeting_that_nobody_knows_nothing_is_asked(desk: Desk) -> None:
    with pytest.raises(Poison, match="No such meeting"):
        await desk.handle(desk.by_hand())
    assert desk.upstream.calls == []


async def test_of_a_meeting_that_is_forgotten_nothing_is_asked(desk: Desk) -> None:
    await desk.ended(V2)
    request = desk.by_hand()
    await desk.until_called(request)
    async with desk.services.database.transaction() as tx:
        await forget(tx, "meeting-baas", BOT, 1)
    calls = len(desk.upstream.calls)
    assert list(await desk.handle(request)) == []
    assert await desk.known() == []
    assert len(desk.upstream.calls) == calls


def _call(generation: str) -> str:
    return f"{generation} retranscribe"


def _arrives(bot: Bot, generation: str) -> None:
    if generation == V1:
        bot.transcribing.ends(transcripts=said("a better one"))
    else:
        bot.transcribing.ends(file="/new.json")
