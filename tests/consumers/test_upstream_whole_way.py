"""All consumers side by side, as `adjourn run` has them: a meeting comes, is stored, is deleted upstream."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

from consumers.base import Services
from consumers.runner.policy import RetryPolicy
from consumers.runner.work import Remember
from consumers.table import CONSUMERS, ON_REQUEST
from infra.database.engine import Database
from infra.database.outcomes import record_successes
from infra.eventlog.sqlite.log import SqliteLog
from infra.providers.meeting_baas import open_meeting_baas
from infra.providers.open import open_providers
from schemas.facts import UPSTREAM_DELETED, UpstreamDeleted
from schemas.topics import DEAD_LETTERS, EVENTS
from tests.consumers.running import append, opened_log, records, running, until_committed
from tests.consumers.storing import FLAC, VIDEO, opened_bench, webhook
from tests.consumers.transcribing import output
from tests.schemas.contract import file_faults, kept
from tests.servers import media
from tests.servers.meeting_baas_api import KEY, Bot, serve_meeting_baas

FILES = {"video": "/v", "audio": "/a", "transcription": "/t"}
QUICK = RetryPolicy(first_delay_seconds=0.05, longest_delay_seconds=0.5)


async def test_two_deliveries_of_one_end_are_stored_and_then_deleted_upstream_once(tmp_path: Path) -> None:
    bodies = {"/v": VIDEO, "/a": FLAC, "/t": output("hello there")}
    answers = {path: media.whole(body) for path, body in bodies.items()}
    async with AsyncExitStack() as stack:
        bench = await stack.enter_async_context(opened_bench(tmp_path, answers))
        api = await stack.enter_async_context(serve_meeting_baas(bench.source.url))
        bot = api.has("bot-1", **FILES)
        bench.source.answers.update(
            {path: _until_deleted(bot, answer) for path, answer in bench.source.answers.items()}
        )
        providers = await stack.enter_async_context(
            open_providers({"meeting-baas": open_meeting_baas(api.url, KEY)})
        )
        log = await stack.enter_async_context(opened_log(tmp_path))
        for delivery in ("webhook", "callback"):
            data = {"bot_id": "bot-1", **{field: api.link(path) for field, path in FILES.items()}}
            record = webhook("bot.completed", data, event=delivery, meeting="bot-1")
            await append(log, delivery, "bot-1", value=record.value)
        async with _all_running(log, replace(bench.services, providers=providers)):
            await until_committed(log, "meetings")
            await until_committed(log, "recordings")
            await until_committed(log, "transcripts")
            await until_committed(log, "upstream", [EVENTS])
        deleted = [one for one in await records(log, EVENTS) if one.type == UPSTREAM_DELETED]
        assert len(deleted) == 1
        assert kept(deleted[0]) == UPSTREAM_DELETED
        assert file_faults(f"{UPSTREAM_DELETED}.json", json.loads(deleted[0].value)) == []
        body = UpstreamDeleted.model_validate_json(deleted[0].value)
        assert {"video.mp4", "audio.flac", "transcript.json"} <= set(body.artifacts)
        assert bot.artifacts_deleted
        assert api.asked("v2 delete-data") == 1
        assert await records(log, DEAD_LETTERS) == []


def _until_deleted(bot: Bot, answer: media.Answer) -> media.Answer:
    async def until_deleted(request: media.Request) -> None:
        await (media.status(404) if bot.artifacts_deleted else answer)(request)

    return until_deleted


@asynccontextmanager
async def _all_running(log: SqliteLog, services: Services) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        for consumer in (*CONSUMERS, *ON_REQUEST):
            await stack.enter_async_context(
                running(
                    log,
                    consumer.handle,
                    name=consumer.name,
                    topics=consumer.topics,
                    policy=QUICK,
                    remember=_remember(services.database, consumer.name),
                    services=services,
                )
            )
        yield


def _remember(database: Database, consumer: str) -> Remember:
    async def keep(successes: Sequence[tuple[str, int]]) -> None:
        async with database.transaction() as tx:
            await record_successes(tx, consumer, successes)

    return keep
