"""What the real receiver and consumers append, bury and store keeps the contract: all samples' whole way."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest

from adjourn import samples
from consumers.base import Services
from consumers.forget import forget
from consumers.runner.policy import BurialStreak, Limits
from consumers.runner.run import run
from consumers.table import CONSUMERS
from infra.eventlog.base import EventLog
from receiver import meeting_baas
from schemas.contract.asyncapi import STORED
from schemas.envelope import Record
from schemas.facts import (
    FACTS,
    MEETING_DESCRIBED,
    RETRANSCRIPTION_FAILED,
    RETRANSCRIPTION_REQUESTED,
    UPSTREAM_DELETED,
)
from schemas.topics import DEAD_LETTERS, EVENTS, TOPICS
from tests.consumers.running import QUICK, opened_log, records, until_committed
from tests.consumers.storing import opened_bench
from tests.receiver.harness import ALERT_SECRET, API_KEY, CALLBACK_SECRET, SVIX_SECRET, Receiver
from tests.receiver.harness import running as receiving
from tests.schemas.contract import file_faults, kept
from tests.servers.media import Answer, whole

ELSEWHERE = "https://media.example"
SECRETS = {
    "webhook-v1": API_KEY,
    "webhook-v2": SVIX_SECRET,
    "callback": CALLBACK_SECRET,
    "alert": ALERT_SECRET,
}
BROKEN = {
    "no JSON": b"\xff{",
    "no object": b"[]",
    "no bot": b'{"event": "bot.completed", "data": {}}',
    "nobody knows it": b'{"event": "bot.levitated", "data": {"bot_id": "b"}}',
}
NEED_AN_API = {MEETING_DESCRIBED, RETRANSCRIPTION_FAILED, RETRANSCRIPTION_REQUESTED, UPSTREAM_DELETED}
DIES = "chat_messages.json"
"""The one link that leads to nothing, so that there is a dead letter too."""


@dataclass(frozen=True)
class Published:
    """Records by topic, and stored documents by their whole name."""

    records: Mapping[str, Sequence[Record]]
    stored: Mapping[str, Any]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    return asyncio.run(_publish(tmp_path_factory.mktemp("contract")))


@pytest.mark.parametrize("topic", TOPICS)
def test_every_record_is_a_message_of_its_topic(published: Published, topic: str) -> None:
    assert published.records[topic]
    for record in published.records[topic]:
        others = ("dead-letter", "meeting-baas.alert", "meeting-baas.any-other")
        assert kept(record) in (record.type, *others)


def test_every_fact_was_published_and_keeps_its_own_schema(published: Published) -> None:
    """But for those that need others' APIs: `tests/consumers/` has them."""
    assert {record.type for record in published.records[EVENTS]} == FACTS.keys() - NEED_AN_API
    for record in published.records[EVENTS]:
        assert file_faults(f"{record.type}.json", json.loads(record.value)) == []


def test_the_headers_keep_their_own_schemas(published: Published) -> None:
    for topic in TOPICS:
        name = "dead-letter-headers.json" if topic == DEAD_LETTERS else "event-headers.json"
        for record in published.records[topic]:
            assert file_faults(name, dict(record.headers)) == []


@pytest.mark.parametrize("document", STORED)
def test_a_stored_document_keeps_its_schema(published: Published, document: str) -> None:
    found = [content for name, content in published.stored.items() if name.endswith(f"/{document}")]
    assert found
    for content in found:
        assert file_faults(document, content) == []


async def _publish(folder: Path) -> Published:
    async with opened_bench(folder, _files()) as bench, opened_log(folder) as log:
        async with receiving(folder, log=log) as receiver:
            for name in samples.names("meeting-baas"):
                sample = samples.read(name)
                body = sample.body.replace(ELSEWHERE.encode(), bench.source.url.encode())
                await _post(receiver, name, sample.channel, body)
            for name, body in BROKEN.items():
                await _post(receiver, name, "webhook-v2", body)
        async with _consuming(log, bench.services):
            for consumer in sorted(
                CONSUMERS, key=lambda one: one.name == "meetings"
            ):  # it reads what others say
                await until_committed(log, consumer.name, consumer.topics)
        stored = {
            name: json.loads(b"".join([chunk async for chunk in bench.services.objects.read(name)]))
            for name in await bench.stored()
            if name.rpartition("/")[2] in STORED
        }
        first = (await records(log, EVENTS))[0]
        key = (json.loads(first.value)["provider"], first.key)
        await forget(key, objects=bench.services.objects, database=bench.services.database, log=log)
        return Published({topic: await records(log, topic) for topic in TOPICS}, stored)


async def _post(receiver: Receiver, id: str, channel: str, body: bytes) -> None:  # noqa: A002
    headers = meeting_baas.sign(
        cast(meeting_baas.Channel, channel),
        SECRETS[channel],
        body=body,
        id=id,
        timestamp_seconds=int(time.time()),
    )
    answer = await receiver.post(body, headers)
    assert answer.status in (202, 400), answer.body


@asynccontextmanager
async def _consuming(log: EventLog, services: Services) -> AsyncIterator[None]:
    stop = asyncio.Event()

    async def remember(_: Sequence[tuple[str, int]]) -> None:
        """Nothing is replayed here."""

    async with asyncio.TaskGroup() as tasks:
        for consumer in CONSUMERS:
            tasks.create_task(
                run(
                    consumer,
                    log=log,
                    services=services,
                    remember=remember,
                    stop=stop,
                    policy=QUICK,
                    limits=Limits(commit_every_seconds=0.01),
                    streak=BurialStreak(),
                )
            )
        yield
        stop.set()


def _files() -> dict[str, Answer]:
    """What the samples link to, by the path of the link."""
    there = {file.name: file.read_bytes() for folder in samples.linked_folders() for file in folder.iterdir()}
    linked = {
        path
        for name in samples.names("meeting-baas")
        for path in re.findall(rf'{ELSEWHERE}(/[^?"]+)', samples.read(name).body.decode())
    }
    named = {path: path.rpartition("/")[2] for path in linked}
    return {path: whole(there[name]) for path, name in named.items() if name in there and name != DIES}
