"""Two workers, crashes at every step, lost answers, redeliveries, an API that is away: for one decision never
two calls that are taken, never a loop, and always an end."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy.ext.asyncio import AsyncConnection

from consumers.retranscription.policy import Wish
from infra.database.engine import Database
from infra.database.retranscriptions import Stage
from infra.errors import Later, Poison, Retryable
from infra.providers.base import TranscriptDocument, Transcription, Unclear
from schemas.envelope import Record
from schemas.facts import MEETING_COMPLETED, Fact, MeetingEnded
from schemas.meeting_baas.transcripts import V1_REST
from tests.consumers.retranscription.desk import BOT, V2, Desk, opened_desk
from tests.consumers.storing import PROVIDER

_MOST = 2
_CALLS = ["fine", "killed before", "not taken", "refused", "lost before", *["killed after", "lost after"] * 2]


class Killed(BaseException):
    """The process ends here."""


@dataclass
class Sender:
    """An API in memory: `tells` says whether it can tell that it makes one, as v2 can and v1 cannot. `taken`
    are the calls that were, by the decision for which they were made."""

    tells: bool
    taken: Counter[str] = field(default_factory=Counter)
    running: bool = False
    made: int = 0
    failures: int = 0
    next_call: str = "fine"
    away: bool = False

    async def transcription(self, meeting_id: str, event_type: str) -> Transcription:
        if self.away:
            raise Retryable("It is away.")
        running = self.running if self.tells else None
        return Transcription(
            running, self.made > 0, f"{self.made} {self.running and self.tells}", self.failures
        )

    async def transcript(self, meeting_id: str, event_type: str) -> TranscriptDocument:
        if self.away:
            raise Retryable("It is away.")
        word = f'{{"start_time": 0, "end_time": 1, "text": "number{self.made}"}}'
        rows = f'[{{"speaker": "Ada", "start_time": 0, "end_time": 1, "words": [{word}]}}]'
        return TranscriptDocument(V1_REST, f'{{"bot_data": {{"transcripts": {rows}}}}}'.encode())

    def call_for(self, decision: str) -> None:
        how, self.next_call = self.next_call, "fine"
        match how:
            case "killed before":
                raise Killed
            case "not taken":
                raise Retryable("Too many calls.", 30)
            case "refused":
                raise Poison("No.")
            case "lost before":
                raise Unclear("No answer in time.")
        self.taken[decision] += 1
        self.running = True
        match how:
            case "killed after":
                raise Killed
            case "lost after":
                raise Unclear("No answer in time.")

    def ends(self, well: bool) -> None:
        """An API that tells never stops without a trace: another transcript is there, or one more failed."""
        self.running = False
        if well:
            self.made += 1
        else:
            self.failures += 1


@dataclass(frozen=True)
class Called:
    """The same API, which knows on whose behalf it is called."""

    sender: Sender
    decision: str

    async def retranscribe(self, meeting_id: str, event_type: str, **wished: str | None) -> None:
        self.sender.call_for(self.decision)

    def __getattr__(self, name: str) -> object:
        return getattr(self.sender, name)


class Retranscribing(RuleBasedStateMachine):
    """`log` are the facts that were told, which any worker may be given again at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.folder = tempfile.TemporaryDirectory()
        self.log: list[Record] = []
        self.by_hand = 0

    def teardown(self) -> None:
        try:
            self._comes_to_its_end()
        finally:
            self.loop.run(self.stack.aclose())
            self.loop.close()
            self.folder.cleanup()

    @initialize(tells=st.booleans(), rounds=st.sampled_from([0, 1, 3]))
    def begins(self, tells: bool, rounds: int) -> None:
        """What still runs at the end of the test ends after so many more rounds."""
        self.sender = Sender(tells)
        self.rounds = rounds
        self.loop.run(self._begin())

    async def _begin(self) -> None:
        self.desk: Desk = await self.stack.enter_async_context(opened_desk(Path(self.folder.name)))
        self.desk.wishes(Wish("always", most_per_meeting=_MOST))
        await self.desk.ended(V2)
        body = MeetingEnded(provider=PROVIDER, meeting_id=BOT, at=None)
        self._tell(Fact(MEETING_COMPLETED, PROVIDER, BOT, body, distinct=""))
        self.desk.clock.passes(600)

    @rule(away=st.sampled_from([False, False, True]))
    def the_api_is(self, away: bool) -> None:
        self.sender.away = away

    @precondition(lambda self: self.sender.running)
    @rule(well=st.booleans())
    def it_ends_there(self, well: bool) -> None:
        self.sender.ends(well)

    @precondition(lambda self: self.by_hand < 2)
    @rule()
    def somebody_asks_by_hand(self) -> None:
        self.by_hand += 1
        self.log.append(self.desk.by_hand())

    @rule(
        after_seconds=st.sampled_from([0, 1, 130, 301, 301, 700, 3601]),
        place=st.integers(0, 20),
        workers=st.sampled_from([1, 1, 2]),
        dies_at=st.sampled_from([None, None, None, None, 0, 1, 2, 3]),
        next_call=st.sampled_from(_CALLS),
    )
    def a_record_is_handled(
        self, after_seconds: float, place: int, workers: int, dies_at: int | None, next_call: str
    ) -> None:
        self.desk.clock.passes(after_seconds)
        self.sender.next_call = next_call
        record = self.log[-1 - place % len(self.log)]
        self.loop.run(self._handle(record, workers, dies_at))

    async def _handle(self, record: Record, workers: int, dies_at: int | None) -> None:
        await asyncio.gather(*(self._one(record, dies_at) for _ in range(workers)))

    async def _one(self, record: Record, dies_at: int | None) -> None:
        api = Called(self.sender, record.id)
        services = replace(self.desk.services, providers={PROVIDER: api})  # type: ignore[dict-item]
        if dies_at is not None:
            services = replace(services, database=_Dying(services.database, dies_at))  # type: ignore[arg-type]
        with suppress(Later, Killed):
            try:
                facts = await self.desk.handle(record, services)
            except (Poison, Retryable) as error:
                facts = error.facts
            for fact in facts:
                self._tell(fact)

    def _tell(self, fact: Fact) -> None:
        if fact.id not in {record.id for record in self.log}:
            self.log.append(self.desk.record(fact))

    @invariant()
    def no_decision_was_called_for_twice(self) -> None:
        decided = self.loop.run(self.desk.known()) if self.log else []
        taken = self.sender.taken if self.log else Counter[str]()
        assert all(calls == 1 for calls in taken.values()), taken
        assert taken.keys() <= {one.request for one in decided if one.calls}
        assert len([one for one in decided if one.reason != "hand"]) <= _MOST

    def _comes_to_its_end(self) -> None:
        """With the API back, whatever stands open is over in some hours, and by then all is told."""
        self.sender.away, self.sender.next_call = False, "fine"
        for turn in range(100):
            if self.sender.running and turn >= self.rounds:
                self.sender.ends(False)
            for record in list(self.log):
                self.loop.run(self._handle(record, 1, None))
            self.desk.clock.passes(400)
            decided = self.loop.run(self.desk.known())
            over = all(one.stage in (Stage.DONE, Stage.FAILED) for one in decided)
            if over and len(decided) >= self.by_hand:
                break
        else:
            raise AssertionError(decided)
        self.no_decision_was_called_for_twice()


class _Dying:
    """A database whose process is killed once it has committed so many transactions, and one more."""

    def __init__(self, real: Database, dies_at: int) -> None:
        self._real = real
        self._left = dies_at

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        async with self._real.transaction() as tx:
            yield tx
        self._left -= 1
        if self._left < 0:
            raise Killed

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)


TestRetranscribing = Retranscribing.TestCase
TestRetranscribing.settings = settings(
    max_examples=50,
    stateful_step_count=12,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
