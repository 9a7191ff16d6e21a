"""Whether a transcript is made again: asked at every end, decided once, within bounds, never in a loop."""

import asyncio
from collections.abc import Sequence

import pytest

from consumers import meetings
from consumers.retranscription.policy import Wish
from infra.database.retranscriptions import Stage
from infra.errors import Later, Poison
from schemas.envelope import Record
from schemas.facts import MEETING_COMPLETED, MEETING_FAILED, RETRANSCRIPTION_REQUESTED, Fact, MeetingEnded
from tests.consumers.retranscription.desk import BOT, V1, V2, Desk
from tests.consumers.storing import PROVIDER, webhook
from tests.servers.meeting_baas_transcribing import said


def _over(desk: Desk, bot: str = BOT, type: str = MEETING_COMPLETED, error: str | None = None) -> Record:  # noqa: A002
    body = MeetingEnded(provider=PROVIDER, meeting_id=bot, at=None, error=error)
    return desk.record(Fact(type, PROVIDER, bot, body, distinct=error or ""))


async def _decided(desk: Desk, record: Record) -> Sequence[str]:
    """The reasons of what was decided, once it was."""
    facts = await desk.until_over(record)
    assert all(fact.type == RETRANSCRIPTION_REQUESTED for fact in facts)
    return [fact.body.model_dump()["reason"] for fact in facts]


async def test_by_default_nobody_is_asked_anything(desk: Desk) -> None:
    await desk.ended(V2)
    assert list(await desk.handle(_over(desk))) == []
    assert desk.upstream.calls == []


async def test_one_that_is_missing_is_asked_for(desk: Desk) -> None:
    await desk.ended(V2)
    desk.wishes(Wish("missing"))
    assert await _decided(desk, _over(desk)) == ["missing"]


async def test_v1_which_does_not_say_that_one_is_on_its_way_has_ten_minutes_to_bring_it(desk: Desk) -> None:
    await desk.ended(V1)
    desk.wishes(Wish("missing"))
    over, began_ms = _over(desk), desk.clock()
    with pytest.raises(Later):
        await desk.handle(over)
    assert await _decided(desk, over) == ["missing"]
    assert desk.clock() - began_ms == 600_000


async def test_one_that_comes_meanwhile_is_not_missing(desk: Desk) -> None:
    await desk.ended(V1)
    desk.wishes(Wish("missing"))
    over = _over(desk)
    with pytest.raises(Later):
        await desk.handle(over)
    await desk.transcribed("here it is")
    assert await _decided(desk, over) == []


async def test_while_one_is_being_made_nothing_is_decided(desk: Desk) -> None:
    bot = await desk.ended(V2)
    bot.transcribing.status = "processing"
    desk.wishes(Wish("always"))
    over = _over(desk)
    for _ in range(20):
        with pytest.raises(Later) as later:
            await desk.handle(over)
        desk.clock.passes(later.value.after_seconds)
    bot.transcribing.fails()
    assert await _decided(desk, over) == ["failed"]


async def test_one_that_the_sender_has_and_we_cannot_read_is_not_missing(desk: Desk) -> None:
    bot = await desk.ended(V2)
    bot.transcribing.file = "/unreadable"
    desk.wishes(Wish("missing"))
    assert await _decided(desk, _over(desk)) == []


@pytest.mark.parametrize(("error", "reasons"), [("TRANSCRIPTION_FAILED", ["failed"]), ("BOT_REMOVED", [])])
async def test_of_meetings_that_failed_only_those_whose_transcription_did_are_asked_for(
    desk: Desk, error: str, reasons: list[str]
) -> None:
    data = {"bot_id": BOT, "error_code": error, "error_message": "", "sent_at": "2026-01-02T03:04:05Z"}
    await meetings.handle(webhook("bot.failed", data, event="e", meeting=BOT), desk.services)
    desk.upstream.has(BOT)
    desk.wishes(Wish("always"))
    assert await _decided(desk, _over(desk, type=MEETING_FAILED, error=error)) == reasons


async def test_another_provider_than_the_wished_one_is_a_reason(desk: Desk) -> None:
    await desk.ended(V2)
    [stored] = await desk.transcribed("by gladia")
    desk.wishes(Wish("other", provider="deepgram"))
    assert await _decided(desk, desk.record(stored)) == ["provider"]


async def test_told_again_the_same_is_decided_and_only_once(desk: Desk) -> None:
    await desk.ended(V2)
    desk.wishes(Wish("missing"))
    over = _over(desk)
    first, second = await desk.handle(over), await desk.handle(over)
    assert [fact.id for fact in first] == [fact.id for fact in second]
    assert first[0].body == second[0].body
    assert len(await desk.known()) == 1


async def test_two_workers_decide_one_thing(desk: Desk) -> None:
    await desk.ended(V2)
    [stored] = await desk.transcribed("one")
    desk.wishes(Wish("always"))
    records = [_over(desk), desk.record(stored)] * 3
    told = await asyncio.gather(*map(desk.handle, records))
    assert len({fact.id for facts in told for fact in facts}) == 1
    assert len(await desk.known()) == 1


@pytest.mark.parametrize("most", [1, 3])
async def test_what_a_retranscription_brings_never_causes_another(desk: Desk, most: int) -> None:
    bot = await desk.ended(V2)
    [stored] = await desk.transcribed("a poor one")
    desk.wishes(Wish("always", most_per_meeting=most))
    [request] = await desk.handle(desk.record(stored))
    await desk.until_called(desk.record(request))
    bot.transcribing.ends(file="/new.json")
    [brought] = await desk.until_over(desk.record(request))
    for fact in (brought, stored):
        assert [one.id for one in await desk.handle(desk.record(fact))] in ([], [request.id])
    assert await _decided(desk, _over(desk)) == []
    assert await _decided(desk, _over(desk, type=MEETING_FAILED, error="TRANSCRIPTION_FAILED")) == []
    assert len(bot.transcribing.asked) == 1


@pytest.mark.parametrize("most", [1, 2, 4])
async def test_where_each_fails_there_are_as_many_as_the_setting_says(desk: Desk, most: int) -> None:
    bot = await desk.ended(V2)
    desk.wishes(Wish("missing", most_per_meeting=most))
    facts = list(await desk.handle(_over(desk)))
    while facts:
        assert len(bot.transcribing.asked) < most
        await desk.until_called(desk.record(facts[0]))
        bot.transcribing.fails()
        with pytest.raises(Poison) as failure:
            await desk.until_over(desk.record(facts[0]))
        facts = list(await desk.until_over(desk.record(failure.value.facts[0])))
    assert len(bot.transcribing.asked) == most


async def test_one_that_a_person_asked_for_and_that_fails_causes_none(desk: Desk) -> None:
    await desk.ended(V2)
    desk.wishes(Wish("missing", most_per_meeting=5))
    with pytest.raises(Poison) as failure:
        await desk.until_over(desk.by_hand())
    assert await _decided(desk, desk.record(failure.value.facts[0])) == []


@pytest.mark.parametrize("most", [0, 1, 3])
async def test_on_a_day_there_are_as_many_as_the_budget_allows(desk: Desk, most: int) -> None:
    bots = [f"bot-{number}" for number in range(5)]
    for bot in bots:
        await desk.ended(V2, bot=bot)
    desk.wishes(Wish("missing", most_per_day=most))
    decided = await asyncio.gather(*(desk.handle(_over(desk, bot)) for bot in bots))
    assert sum(map(len, decided)) == most
    skipped = [one for bot in bots for one in await desk.known(bot) if one.stage is Stage.SKIPPED]
    assert [one.message.startswith("The day's budget was used up") for one in skipped] == [True] * (5 - most)


async def test_the_next_day_has_a_budget_of_its_own_at_midnight_in_utc(desk: Desk) -> None:
    midnight_ms = (desk.clock() // 86_400_000 + 1) * 86_400_000
    for bot in ("bot-1", "bot-2", "bot-3"):
        await desk.ended(V2, bot=bot)
    desk.wishes(Wish("missing", most_per_day=1))
    desk.clock.now_ms = midnight_ms - 1
    assert await _decided(desk, _over(desk, "bot-1")) == ["missing"]
    assert await _decided(desk, _over(desk, "bot-2")) == []
    desk.clock.now_ms = midnight_ms
    assert await _decided(desk, _over(desk, "bot-3")) == ["missing"]


async def test_by_hand_it_is_done_whatever_the_budget_and_counts(desk: Desk) -> None:
    await desk.ended(V2)
    await desk.ended(V2, bot="bot-2")
    desk.wishes(Wish("missing", most_per_day=1))
    await desk.until_called(desk.by_hand())
    assert await _decided(desk, _over(desk, "bot-2")) == []
    await desk.until_called(desk.by_hand(bot="bot-2"))
    assert desk.asked(V2) == 2


async def test_of_history_nothing_is_made_again(desk: Desk) -> None:
    await desk.ended(V2)
    desk.wishes(Wish("always"))
    over = _over(desk)
    desk.clock.passes(86_401)
    assert list(await desk.handle(over)) == []


async def test_a_replay_of_what_was_long_ago_makes_nothing_again(desk: Desk) -> None:
    await desk.ended(V2)
    desk.wishes(Wish("always"))
    desk.clock.passes(86_401)
    assert list(await desk.handle(_over(desk))) == []


async def test_v1_tells_of_who_made_it(desk: Desk) -> None:
    bot = await desk.ended(V1)
    bot.transcribing.transcripts = said("by gladia")
    [stored] = await desk.transcribed("by gladia")
    desk.wishes(Wish("other", provider="Runpod"))
    assert await _decided(desk, desk.record(stored)) == ["provider"]
