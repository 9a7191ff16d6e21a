"""What the tests of retranscriptions stand on: a meeting, its sender's API over HTTP, and a clock."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from consumers import meetings, transcripts
from consumers.base import Services
from consumers.retranscription.consumer import handle
from consumers.retranscription.deciding import Patience
from consumers.retranscription.machine import Pace
from consumers.retranscription.policy import Wish
from infra.database.retranscriptions import Retranscription, retranscriptions_of
from infra.errors import Later
from infra.providers.meeting_baas import open_meeting_baas
from schemas.envelope import Record, event_headers
from schemas.facts import RETRANSCRIPTION_REQUESTED, Fact, RetranscriptionRequested
from schemas.topics import EVENTS
from schemas.transcript import Transcript
from tests.consumers.storing import PROVIDER, Bench, opened_bench, webhook
from tests.consumers.transcribing import output
from tests.servers.media import whole
from tests.servers.meeting_baas_api import KEY, Bot, MeetingBaasApi, serve_meeting_baas

BOT = "bot-1"
V1, V2 = "v1", "v2"
CALLS = {V1: "v1 retranscribe", V2: "v2 retranscribe"}


@dataclass(slots=True)
class Clock:
    now_ms: int = 1_767_323_045_000

    def __call__(self) -> int:
        return self.now_ms

    def passes(self, seconds: float) -> None:
        self.now_ms += round(seconds * 1000)


@dataclass(slots=True)
class Desk:
    """A pipeline without its log: what is handled is handed over here, and time passes when we say so."""

    bench: Bench
    upstream: MeetingBaasApi
    clock: Clock = field(default_factory=Clock)
    pace: Pace = field(default_factory=Pace)
    patience: Patience = field(default_factory=Patience)

    @property
    def services(self) -> Services:
        return self.bench.services

    def wishes(self, wish: Wish) -> None:
        self.bench = replace(self.bench, services=replace(self.services, transcripts=wish))

    async def ended(self, generation: str, *, bot: str = BOT) -> Bot:
        """A meeting is over of which there is no transcript; the API knows it."""
        if generation == V1:
            over = webhook("complete", {"bot_id": bot, "mp4": ""}, event=f"{bot} over", meeting=bot)
        else:
            over = webhook("bot.completed", {"bot_id": bot}, event=f"{bot} over", meeting=bot)
        await meetings.handle(over, self.services)
        return self.upstream.has(bot)

    async def transcribed(self, said: str, *, bot: str = BOT, event: str = "first") -> Sequence[Fact]:
        """The sender's webhook brings this transcript."""
        words = [{"start": i, "end": i + 0.5, "word": word} for i, word in enumerate(said.split())]
        segment = {"speaker": "Ada", "start_time": 0, "end_time": len(words), "words": words}
        data = {"bot_id": bot, "mp4": "", "speakers": ["Ada"], "transcript": [segment]}
        return await transcripts.handle(webhook("complete", data, event=event, meeting=bot), self.services)

    async def handle(self, record: Record, services: Services | None = None) -> Sequence[Fact]:
        services = services or self.services
        return await handle(record, services, now_ms=self.clock, pace=self.pace, patience=self.patience)

    async def until_over(self, record: Record) -> Sequence[Fact]:
        """As the runner would; whenever it is to wait, that time passes at once."""
        while True:
            try:
                return await self.handle(record)
            except Later as later:
                self.clock.passes(later.after_seconds)

    async def until_called(self, record: Record) -> None:
        try:
            await self.handle(record)
        except Later:
            return
        raise AssertionError("it is over")

    def by_hand(self, *, bot: str = BOT, provider: str | None = None, language: str | None = None) -> Record:
        body = RetranscriptionRequested(
            provider=PROVIDER,
            meeting_id=bot,
            at=datetime.now(UTC),
            reason="hand",
            transcriber=provider,
            language=language,
        )
        return self.record(Fact(RETRANSCRIPTION_REQUESTED, PROVIDER, bot, body, distinct=uuid4().hex))

    def record(self, fact: Fact) -> Record:
        """A fact as it comes back from the log."""
        headers = event_headers(
            id=fact.id,
            source="/consumers/x",
            type=fact.type,
            subject=fact.meeting_id,
            time="2026-01-02T03:04:05Z",
        )
        value = fact.body.model_dump_json().encode()
        return Record(EVENTS, 0, 1, fact.meeting_id, self.clock.now_ms, headers, value)

    async def known(self, bot: str = BOT) -> Sequence[Retranscription]:
        async with self.services.database.reading() as tx:
            return await retranscriptions_of(tx, PROVIDER, bot)

    async def newest(self, bot: str = BOT) -> str:
        """What is said in `transcript.json`."""
        name = f"{PROVIDER}/{bot}/transcript.json"
        body = b"".join([chunk async for chunk in self.services.objects.read(name)])
        return " ".join(segment.text for segment in Transcript.model_validate_json(body).segments)

    def asked(self, generation: str) -> int:
        return self.upstream.asked(CALLS[generation])


@asynccontextmanager
async def opened_desk(folder: Path, *, database_url: str = "") -> AsyncIterator[Desk]:
    answers = {"/new.json": whole(output("a better one"))}
    async with (
        serve_meeting_baas() as upstream,
        open_meeting_baas(upstream.url, KEY, timeout_seconds=2) as api,
        opened_bench(folder, answers, database_url=database_url, providers={PROVIDER: api}) as bench,
    ):
        upstream.source = bench.source.url
        yield Desk(bench, upstream)
