"""What the tests of deletion at the provider stand on: a meeting here, and the same one at its provider."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from consumers import meetings, upstream
from infra.database.artifacts import add_artifact
from infra.database.events import MeetingEvent, timeline
from infra.database.failures import Failure, add_failure
from infra.database.outcomes import record_successes
from infra.providers.meeting_baas import open_meeting_baas
from infra.providers.open import open_providers
from schemas.envelope import Record, event_headers
from schemas.facts import RECORDING_STORED, Fact, MeetingEnded, UpstreamDeleted
from schemas.manifest import Artifact, ArtifactKind, Verified
from schemas.topics import EVENTS
from tests.consumers.storing import PROVIDER, Bench, opened_bench, webhook
from tests.servers import media
from tests.servers.meeting_baas_api import KEY, MeetingBaasApi, serve_meeting_baas

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
FILES = {"/v": b"video" * 100, "/a": b"audio" * 50}
FINALS = {"v1": "complete", "v2": "bot.completed"}
FIELDS = {"v1": {"mp4": "/v", "audio": "/a"}, "v2": {"video": "/v", "audio": "/a"}}


@dataclass(frozen=True, slots=True)
class Meeting:
    """`bot-1`, of one version of the API: over, its video and its sound stored here and proved complete."""

    bench: Bench
    api: MeetingBaasApi
    version: str

    async def said(self, type: str, event: str = "event-1", **data: object) -> None:  # noqa: A002
        """A webhook that the consumer `meetings` has handled."""
        body = {"bot_id": "bot-1", "error": "oops", **data}
        await meetings.CONSUMER.handle(webhook(type, body, event=event, meeting="bot-1"), self.bench.services)

    async def done(
        self,
        event: str = "event-1",
        consumers: Sequence[str] = ("recordings", "transcripts"),
        *,
        succeeded_ms: int = 1,
    ) -> None:
        async with self.bench.services.database.transaction() as tx:
            for consumer in consumers:
                await record_successes(tx, consumer, [(event, succeeded_ms)])

    async def failed(self, event: str = "event-1", consumer: str = "recordings") -> None:
        failure = Failure(
            consumer=consumer,
            event_id=event,
            event_type="meeting-baas.bot.completed",
            provider=PROVIDER,
            meeting_id="bot-1",
            kind="poison",
            error="no.",
            attempts=1,
            failed_ms=2,
            partition=0,
            offset=1,
        )
        async with self.bench.services.database.transaction() as tx:
            await add_failure(tx, failure)

    async def stored(
        self, kind: ArtifactKind, name: str, content: bytes = b"here", verified: Verified = "length"
    ) -> None:
        artifact = Artifact(
            name=name,
            kind=kind,
            media_type="video/mp4",
            size=len(content),
            sha256="",
            verified=verified,
            source_event="event-1",
            stored_at=NOW,
        )
        services = self.bench.services
        await services.objects.put(self.object(name), content, media_type="video/mp4", replace=True)
        async with services.database.transaction() as tx:
            await add_artifact(tx, PROVIDER, "bot-1", artifact)

    def object(self, name: str) -> str:
        return f"{PROVIDER}/bot-1/{name}"

    async def told(self, fact: Record | None = None, *, waits_seconds: float = 0) -> Sequence[Fact]:
        """A fact came: what `upstream` does about it."""
        return await upstream.handle(
            fact or a_fact(), self.bench.services, now=lambda: NOW, remembered_within_seconds=waits_seconds
        )

    async def timeline(self) -> list[MeetingEvent]:
        async with self.bench.services.database.reading() as tx:
            return await timeline(tx, PROVIDER, "bot-1")

    @property
    def deletion(self) -> str:
        """What the call is called."""
        return {"v1": "v1 delete_data", "v2": "v2 delete-data"}[self.version]

    @property
    def deletions(self) -> int:
        return self.api.asked(self.deletion)


def a_fact(type: str = RECORDING_STORED, *, time_ms: int = 1_767_355_200_000) -> Record:  # noqa: A002
    headers = event_headers(
        id=f"fact-{time_ms}", source="/consumers/x", type=type, subject="bot-1", time="2026-01-02T12:00:00Z"
    )
    body = MeetingEnded(provider=PROVIDER, meeting_id="bot-1", at=None)
    return Record(EVENTS, 0, 1, "bot-1", time_ms, headers, body.model_dump_json().encode())


def deleted_in(facts: Sequence[Fact]) -> list[UpstreamDeleted]:
    bodies = [fact.body for fact in facts if isinstance(fact.body, UpstreamDeleted)]
    assert len(bodies) == len(facts)
    return bodies


@asynccontextmanager
async def opened_meeting(
    folder: Path, version: str, *, over: bool = True, stored: bool = True
) -> AsyncIterator[Meeting]:
    answers = {path: media.whole(content) for path, content in FILES.items()}
    async with opened_bench(folder, answers) as bench, serve_meeting_baas(bench.source.url) as api:
        api.has("bot-1", **FIELDS[version])
        async with open_providers({"meeting-baas": open_meeting_baas(api.url, KEY)}) as providers:
            bench = replace(bench, services=replace(bench.services, providers=providers))
            meeting = Meeting(bench, api, version)
            if over:
                await meeting.said(FINALS[version])
            else:
                await meeting.said("bot.status_change", status={"code": "call_ended"})
            await meeting.done()
            if stored:
                await meeting.stored("video", "video.mp4", FILES["/v"])
                await meeting.stored("audio", "audio.wav", FILES["/a"])
            yield meeting
