"""One run of comparing a provider's meetings with ours, and what it comes to."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from infra.clock import wall_clock_ms
from infra.database.engine import Database
from infra.database.reconciling import Judged
from infra.eventlog.base import EventLog
from infra.providers.base import ProviderApi


@dataclass(frozen=True, slots=True)
class Unit:
    """A meeting, and the event by which its provider should have told of its end (a `ce_type`).

    `event_type` is "" for a meeting of which nobody has heard since `silent_ms` (ms since 1970 UTC).
    """

    provider: str
    meeting_id: str
    event_type: str
    ended_at: datetime | None = None
    silent_ms: int | None = None

    @property
    def key(self) -> tuple[str, str]:
        return self.meeting_id, self.event_type


@dataclass(frozen=True, slots=True)
class Counts:
    """Of units. All but the `forgotten` are `known`.

    `missing` are those with a gap, `fetched` those of them for which the consumers got now what closes it.
    `waiting` are not over, or being worked on.
    """

    known: int = 0
    complete: int = 0
    missing: int = 0
    fetched: int = 0
    waiting: int = 0
    impossible: int = 0
    forgotten: int = 0

    def with_one(self, found: Judged) -> "Counts":
        is_fetched = found.verdict == "fetched"
        name = "missing" if is_fetched else found.verdict
        more = {"known": self.known + 1, name: getattr(self, name) + 1}
        return replace(self, **more, fetched=self.fetched + is_fetched)


@dataclass(frozen=True, slots=True)
class Run:
    """`since` is when those meetings ended that count.

    With `again` nothing counts that was found before, `dry` changes nothing. What ended lately may be on its
    way: that is given `settle_seconds`. `found` is told of each unit; `go_on` raises when the turn is over.
    """

    provider: str
    api: ProviderApi
    log: EventLog
    database: Database
    since: datetime
    again: bool = False
    dry: bool = False
    settle_seconds: float = 15
    found: Callable[[Judged], None] = lambda found: None
    go_on: Callable[[], None] = lambda: None
    now_ms: Callable[[], int] = wall_clock_ms
