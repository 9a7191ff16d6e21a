"""How often to try, how much to hold, and when to stop burying."""

import random
from dataclasses import dataclass, field

from infra.errors import Halt
from schemas.dead_letter import DeadLetterKind
from schemas.envelope import Record


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """`attempts` for what may yet work, `bug_attempts` for errors that nobody foresaw.

    Waits double from `first_delay_seconds` up to `longest_delay_seconds`, each shortened by up to the share
    `jitter`, so that what failed together does not come back together. The defaults try for four to eight
    minutes.
    """

    attempts: int = 10
    bug_attempts: int = 3
    first_delay_seconds: float = 1
    longest_delay_seconds: float = 240
    longest_asked_seconds: float = 900
    jitter: float = 0.5
    burials_in_a_row: int | None = 20
    """Null buries without end."""

    def delay_seconds(self, attempts: int, asked_seconds: float | None = None) -> float:
        """How long to wait after so many attempts: never less than was asked for, within reason."""
        doubled = self.first_delay_seconds * 2.0 ** min(attempts - 1, 60)
        delay = min(doubled, self.longest_delay_seconds) * (1 - self.jitter * random.random())  # noqa: S311
        return max(delay, min(asked_seconds or 0, self.longest_asked_seconds))


@dataclass(frozen=True, slots=True)
class Limits:
    """What one consumer may take. Records wait in memory from their fetch until they are done.

    A fetch begins only when a quarter of `max_records` is free and less than `max_bytes` of values are held:
    the bytes can be exceeded by what one fetch brings.
    """

    concurrency: int = 16
    max_records: int = 2000
    max_bytes: int = 16 * 1024 * 1024
    commit_every_seconds: float = 0.1
    grace_seconds: float = 20
    """How long running handlers may go on after a stop was asked for."""


@dataclass(slots=True)
class BurialStreak:
    """The stop rule: an outage must not empty a topic into the dead letters.

    It outlives a run, so that one that starts again in the same outage stops at once instead of burying anew.
    """

    burials: list[tuple[DeadLetterKind, str, str]] = field(default_factory=list)

    def succeeded(self, record: Record) -> None:
        """The code works; the world only as far as this type of event asks for it: most ask for nothing."""
        if self.burials:
            self.burials = [
                burial for burial in self.burials if burial[0] == "exhausted" and burial[1] != record.type
            ]

    def before_burial(self, consumer: str, record: Record, kind: DeadLetterKind, limit: int | None) -> None:
        """Raises `Halt` in place of the burial that would be the last of too many."""
        if kind == "poison" or limit is None:
            return
        burial = (kind, record.type, record.key or record.id)
        if len(self.burials) + 1 >= limit and len({key for _, _, key in [*self.burials, burial]}) > 1:
            raise Halt(
                f"{consumer} could not do {limit} records in a row, the last a {record.type} ({kind}): mend"
                " what they have in common, see `adjourn dead-letters`; until then nothing more is buried."
            )
        self.burials = [*self.burials[-999:], burial]
