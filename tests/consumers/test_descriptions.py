"""What a meeting is called where people made it: known late, kept, told of, shown."""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from consumers.base import Services
from consumers.descriptions import handle
from infra.database.descriptions import Description, descriptions_of
from infra.database.forgotten import forget
from infra.errors import Later, Retryable
from infra.providers.twentythree_blocks import open_twentythree_blocks
from schemas.envelope import Record, event_headers
from schemas.facts import Fact, MeetingDescribed
from schemas.topics import WEBHOOKS
from tests.consumers.storing import opened_bench
from tests.schemas.contract import file_faults
from tests.servers.answers import status
from tests.servers.twentythree_blocks_api import APP_ID, TOKEN, TwentyThreeBlocksApi, serve_twentythree_blocks

CAME = 1_772_445_600
MEETING = ("vonage", "s1")


@dataclass(frozen=True, slots=True)
class Bench:
    upstream: TwentyThreeBlocksApi
    services: Services

    async def handle(self, event: str = "sessionCreated", *, after_seconds: float = 0) -> Sequence[Fact]:
        """Handled so long after it came."""
        return await handle(webhook(event), self.services, now_seconds=lambda: CAME + after_seconds)

    async def known(self) -> Description | None:
        async with self.services.database.reading() as tx:
            return (await descriptions_of(tx, [MEETING])).get(MEETING)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with (
        serve_twentythree_blocks() as upstream,
        open_twentythree_blocks([upstream.url], TOKEN, APP_ID, fresh_seconds=0) as directory,
        opened_bench(tmp_path, {}) as opened,
    ):
        yield Bench(upstream, replace(opened.services, directories={"vonage": directory}))


def webhook(event: str, provider: str = "vonage") -> Record:
    body = {"sessionId": "s1", "projectId": "1", "event": event, "timestamp": CAME * 1000}
    headers = event_headers(
        id=event, source="/webhooks/vonage", type=f"{provider}.session.{event}", subject="s1", time=""
    )
    return Record(WEBHOOKS, 0, 1, "s1", CAME * 1000, headers, json.dumps(body).encode())


async def test_a_session_is_called_what_people_call_its_meeting(bench: Bench) -> None:
    bench.upstream.has("m1", "s1", title="Launch", participants=["ada", "grace"])

    (fact,) = await bench.handle()

    assert isinstance(fact.body, MeetingDescribed)
    assert (fact.body.id, fact.body.title, fact.body.participants) == ("m1", "Launch", ("ada", "grace"))
    assert file_faults("meeting.described.json", fact.body.model_dump(mode="json")) == []
    assert await bench.known() == Description("23blocks", "m1", "Launch", ("ada", "grace"))


async def test_the_first_callback_may_come_before_the_meeting_is_known(bench: Bench) -> None:
    """Whoever makes the meeting has its answer later than Vonage posts."""
    with pytest.raises(Later) as waits:
        await bench.handle()
    assert waits.value.after_seconds <= 30

    bench.upstream.has("m1", "s1", title="Launch")

    assert await bench.handle(after_seconds=30)
    assert await bench.known() is not None


async def test_a_session_of_nobody_is_waited_for_some_minutes_and_no_dead_letter(bench: Bench) -> None:
    with pytest.raises(Later):
        await bench.handle(after_seconds=590)
    assert await bench.handle(after_seconds=610) == ()


async def test_where_it_was_in_vain_the_next_event_asks_again(bench: Bench) -> None:
    assert await bench.handle(after_seconds=610) == ()
    bench.upstream.has("m1", "s1")

    assert await bench.handle("sessionNotification", after_seconds=700)


async def test_who_took_part_is_asked_once_more_at_the_end(bench: Bench) -> None:
    meeting = bench.upstream.has("m1", "s1", participants=["ada"])
    await bench.handle()
    asked = len(bench.upstream.calls)
    await bench.handle("streamCreated")
    assert len(bench.upstream.calls) == asked
    meeting["participants"] = ["ada", "grace"]

    (fact,) = await bench.handle("sessionDestroyed")

    assert isinstance(fact.body, MeetingDescribed)
    assert fact.body.participants == ("ada", "grace")
    assert await bench.handle("sessionDestroyed") == ()


async def test_a_meeting_that_was_forgotten_is_called_nothing(bench: Bench) -> None:
    bench.upstream.has("m1", "s1", title="Launch")
    await bench.handle()
    async with bench.services.database.transaction() as tx:
        await forget(tx, *MEETING, 1)

    assert await bench.handle("sessionDestroyed") == ()
    assert await bench.known() is None


async def test_trouble_there_is_tried_again(bench: Bench) -> None:
    bench.upstream.answers.append(status(503))
    with pytest.raises(Retryable):
        await bench.handle()


async def test_where_it_cannot_be_asked_nothing_is_waited_for(bench: Bench) -> None:
    bench.upstream.has_list = False
    assert await bench.handle() == ()


async def test_meetings_of_other_senders_are_not_asked_about(bench: Bench) -> None:
    body = json.dumps({"event": "bot.completed", "data": {"bot_id": "b"}}).encode()
    headers = event_headers(id="1", source="", type="meeting-baas.bot.completed", subject="b", time="")

    assert await handle(Record(WEBHOOKS, 0, 1, "b", 0, headers, body), bench.services) == ()
    assert bench.upstream.calls == []
