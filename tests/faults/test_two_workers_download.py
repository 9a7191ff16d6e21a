"""Two real `adjourn consume recordings`: one is killed in a download, the other stores the whole file."""

import asyncio
import hashlib
import json
import random
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from infra.eventlog.base import EventLog
from infra.eventlog.kafka.options import KafkaOptions
from infra.eventlog.open import open_log
from schemas.topics import DEAD_LETTERS, EVENTS, WEBHOOKS
from tests.adjourn.program import Program
from tests.adjourn.stack import bucket_of, other_client, program_with, stack_settings
from tests.consumers.storing import webhook
from tests.servers.kafka import KafkaServer
from tests.servers.media import serve_media, silent_after, whole
from tests.servers.postgres import PostgresServer
from tests.servers.seaweed import SeaweedServer

GROUP = "recordings"
MEETING = "bot-1"
OTHERS = [f"other-{number}" for number in range(8)]
STORED = f"recordings/meeting-baas/{MEETING}/video.mp4"
VIDEO = b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41" + random.Random(4).randbytes(20_000_000)
SHA256 = hashlib.sha256(VIDEO).hexdigest()
HALF = len(VIDEO) // 2
DEADLINE_SECONDS = 60


async def test_one_is_killed_in_the_middle_of_a_download_and_the_other_stores_the_whole_file(
    kafka: KafkaServer, seaweed: SeaweedServer, postgres: PostgresServer, tmp_path: Path
) -> None:
    settings = stack_settings(kafka, seaweed, postgres)
    programs = [_on_a_machine(settings, tmp_path / name) for name in ("first", "second")]
    assert (await asyncio.to_thread(programs[0].run, "setup")).returncode == 0
    bucket = bucket_of(settings)
    async with (
        _opened(settings) as log,
        serve_media({"/video": silent_after(VIDEO[:HALF], len(VIDEO))}) as source,
    ):
        with (
            other_client(seaweed) as client,
            _consuming(programs[0]) as first,
            _consuming(programs[1]) as second,
        ):
            await _until(lambda: _share_the_work(kafka, settings))
            await _append(log, MEETING, {"video": f"{source.url}/video"})
            for other in OTHERS:
                await _append(log, other, {})
            behind = await _count_from(log, MEETING)
            await _until(lambda: asyncio.to_thread(_is_half_way, client, bucket))
            await _until(lambda: _are_left(log, behind))
            [downloading] = [worker for worker in (first, second) if _is_connected_to(source.url, worker)]
            downloading.kill()
            source.answers["/video"] = whole(VIDEO, "video/mp4")
            assert _names(client, bucket) == []
            await _until(lambda: _are_left(log, 0))
            assert _names(client, bucket) == [STORED]
            stored = client.get_object(Bucket=bucket, Key=STORED)["Body"].read()
        facts = [json.loads(record.value) async for record in log.scan(EVENTS)]
        letters = [record async for record in log.scan(DEAD_LETTERS)]

    assert hashlib.sha256(stored).hexdigest() == SHA256
    assert [(fact["name"], fact["sha256"]) for fact in facts] == [("video.mp4", SHA256)]
    assert letters == []
    assert source.asked("/video") == 2


def _on_a_machine(settings: dict[str, str], folder: Path) -> Program:
    folder.mkdir()
    return program_with(settings, folder)


@asynccontextmanager
async def _opened(settings: dict[str, str]) -> AsyncIterator[EventLog]:
    log = open_log(settings["ADJOURN_LOG_URL"], kafka=KafkaOptions(ack_timeout_seconds=DEADLINE_SECONDS))
    try:
        yield log
    finally:
        await log.close()


@contextmanager
def _consuming(program: Program) -> Iterator[subprocess.Popen[bytes]]:
    """Killed at the end."""
    command = program.command("consume", GROUP)
    with (
        (program.folder / "stderr").open("ab") as errors,
        subprocess.Popen(command, cwd=program.folder, env=program.environment(), stderr=errors) as worker,
    ):
        try:
            yield worker
        finally:
            worker.kill()


async def _share_the_work(kafka: KafkaServer, settings: dict[str, str]) -> bool:
    prefix = urlsplit(settings["ADJOURN_LOG_URL"]).query.removeprefix("prefix=")
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    try:
        [answer] = await admin.describe_consumer_groups([prefix + GROUP])
    except KafkaError:  # the first group of all makes Kafka's own topic
        return False
    finally:
        await admin.close()
    [(_, _, state, _, _, members, *_)] = answer.groups
    return state == "Stable" and len(members) == 2


async def _append(log: EventLog, meeting: str, links: dict[str, str]) -> None:
    content = {"bot_id": meeting, **links}
    completed = webhook("bot.completed", content, event=f"event-{meeting}", meeting=meeting)
    await log.append(WEBHOOKS, key=meeting, value=completed.value, headers=completed.headers)


def _is_half_way(client: Any, bucket: str) -> bool:
    for upload in client.list_multipart_uploads(Bucket=bucket).get("Uploads", []):
        which = {"Bucket": bucket, "Key": upload["Key"], "UploadId": upload["UploadId"]}
        if client.list_parts(**which).get("Parts"):
            return True
    return False


def _is_connected_to(url: str, worker: subprocess.Popen[bytes]) -> bool:
    return any(
        connection.raddr and connection.raddr.port == urlsplit(url).port
        for connection in psutil.Process(worker.pid).net_connections()
    )


def _names(client: Any, bucket: str) -> list[str]:
    return [each["Key"] for each in client.list_objects_v2(Bucket=bucket).get("Contents", [])]


async def _count_from(log: EventLog, meeting: str) -> int:
    """That meeting's first record and all behind it in its partition: none may be committed before it."""
    partitions = [(record.partition, record.key) async for record in log.scan(WEBHOOKS)]
    mine = next(number for number, key in partitions if key == meeting)
    return sum(number == mine for number, _ in partitions)


async def _are_left(log: EventLog, count: int) -> bool:
    return await log.backlog([WEBHOOKS], GROUP) == count


async def _until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not await condition():
            await asyncio.sleep(0.2)
