"""The two subscribers of the documentation, on a real broker, over facts that real handlers caused."""

import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from schemas.topics import EVENTS
from tests.consumers.running import append, until_committed
from tests.servers.kafka import KafkaServer
from tests.subscribers.subscribing import SUBSCRIBERS, Feed, kcat, opened_feed, subscribed


@pytest.fixture
async def feed(kafka: KafkaServer, tmp_path: Path) -> AsyncIterator[Feed]:
    async with opened_feed(kafka, tmp_path) as opened:
        yield opened


async def test_in_python_each_recording_is_told_once_however_often_it_comes(
    feed: Feed, tmp_path: Path
) -> None:
    program = (sys.executable, SUBSCRIBERS / "recordings.py", feed.bootstrap, feed.prefix)
    first = await feed.record("bot-1")
    await feed.record("bot-1")
    await feed.fail("bot-1")
    await append(
        feed.log, "new", "bot-1", topic=EVENTS, type="meeting.adjourned", value=b"of a later version"
    )
    await feed.record("bot-2")
    async with subscribed(*program, folder=tmp_path) as lines:
        told = await lines(2)
    (fact,) = (json.loads(fact.body.model_dump_json()) for fact in first)
    assert f"bot-1 video {fact['url']}" in told
    assert sorted(line.split()[0] for line in told) == ["bot-1", "bot-2"]


async def test_in_python_a_restart_goes_on_where_it_was(feed: Feed, tmp_path: Path) -> None:
    program = (sys.executable, SUBSCRIBERS / "recordings.py", feed.bootstrap, feed.prefix)
    await feed.record("bot-1")
    async with subscribed(*program, folder=tmp_path) as lines:
        assert [line.split()[0] for line in await lines(1)] == ["bot-1"]
    await feed.record("bot-1")
    await feed.record("bot-2")
    async with subscribed(*program, folder=tmp_path) as lines:
        assert [line.split()[0] for line in await lines(1)] == ["bot-2"]
        await until_committed(feed.log, "our-team.recordings", [EVENTS])


async def test_in_a_shell_each_failure_is_told_with_its_reason(feed: Feed, tmp_path: Path) -> None:
    kcat()
    await feed.record("bot-1")
    await feed.fail("bot-2")
    async with subscribed(
        SUBSCRIBERS / "failed-meetings.sh", feed.bootstrap, feed.prefix, folder=tmp_path
    ) as lines:
        (told,) = await lines(1)
        await feed.fail("bot-3")
        (next_told,) = await lines(1)
    await until_committed(feed.log, "our-team.failures", [EVENTS])
    failure = json.loads(told)
    assert (failure["meeting_id"], failure["error"]) == ("bot-2", "LOBBY_TIMEOUT")
    assert failure["message"] == "Nobody let us in."
    assert json.loads(next_told)["meeting_id"] == "bot-3"
