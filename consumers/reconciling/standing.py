"""What we have of a meeting, and whether the consumers are through with what they have of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from consumers import recordings, transcripts
from consumers.meeting_state import FINAL
from consumers.reconciling.base import Unit
from infra.database.artifacts import artifacts_of
from infra.database.closings import closings
from infra.database.engine import Database
from infra.database.events import MeetingEvent, timeline
from infra.database.failures import Failure, open_failures_of
from infra.providers.base import FinalEvent
from schemas.facts import FACTS
from schemas.manifest import Artifact
from schemas.meeting import Observation, State

STORE_FILES: Final = (recordings.CONSUMER.name, transcripts.CONSUMER.name)


@dataclass(frozen=True, slots=True)
class Standing:
    """`events` are the sender's own, as they happened. `working` are the ids of those that end the meeting,
    and with which a consumer is not through: it has neither done them nor given up since they were handed to
    it last. `failures` are open, `discarded` is why a person closed one.
    """

    events: Sequence[MeetingEvent]
    artifacts: Sequence[Artifact]
    working: frozenset[str]
    failures: Sequence[Failure]
    discarded: str | None

    def event_like(self, said: Observation, final: FinalEvent) -> MeetingEvent | None:
        """One of this name or, if `said` ends the meeting, one that ended it as well or better; null where
        none came, or not all that `final` stands for. Of several, the one that brought most of what is
        stored, then the newest.
        """
        there = {event.id for event in self.events}
        if final.id not in there and not there.issuperset(final.stands_for):
            return None
        same = [event for event in self.events if event.said.type == said.type]
        if said.says in FINAL:
            as_well = (State.COMPLETED, said.says)
            same = same or [event for event in self.events if event.said.says in as_well]
        brought = [artifact.source_event for artifact in self.artifacts]
        return max(same, key=lambda event: (brought.count(event.id), event.received_ms), default=None)

    @property
    def ended(self) -> bool:
        return any(event.said.says in FINAL for event in self.events)

    @property
    def newest_type(self) -> str | None:
        return self.events[-1].said.type if self.events else None


async def standing_of(unit: Unit, database: Database, *, handed_ms: int) -> Standing:
    """`handed_ms` is when we last handed an event of it to the consumers, in ms since 1970 UTC; 0: never."""
    key = (unit.provider, unit.meeting_id)
    name = unit.event_type.removeprefix(f"{unit.provider}.")
    async with database.reading() as tx:
        events = [event for event in await timeline(tx, *key) if event.said.type not in FACTS]
        artifacts = await artifacts_of(tx, *key)
        failures = [each for each in await open_failures_of(tx, *key) if each.consumer in STORE_FILES]
        ends = {event.id for event in events if event.said.says in FINAL or event.said.type == name}
        closed = {consumer: await closings(tx, consumer, ends) for consumer in STORE_FILES}
    working: set[str] = set()
    for consumer in STORE_FILES:
        through = {event_id: closing.at_ms for event_id, closing in closed[consumer].items()}
        through |= {each.event_id: each.failed_ms for each in failures if each.consumer == consumer}
        working |= ends - through.keys()
        if max(through.values(), default=0) <= handed_ms:
            working |= ends
    reasons = [each.why for of_one in closed.values() for each in of_one.values() if each.why is not None]
    return Standing(events, artifacts, frozenset(working), failures, next(iter(reasons), None))
