"""Which failures are meant: what listing, replaying and discarding are asked for."""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from schemas.dead_letter import Letter, provider_of_letter
from schemas.envelope import Record


@dataclass(frozen=True, slots=True)
class Which:
    """What is null does not matter.

    `meeting` is an id, or provider/id. `type` is a `ce_type`, in which * stands for anything. `error` is a
    part of a letter's error, whatever its case. Times are in ms since 1970 UTC, the first one in and the last
    one out: of a letter when it was buried last, of a record when it was appended. `max_attempts` leaves out
    what was tried so often, or more.
    """

    consumer: str | None = None
    provider: str | None = None
    meeting: str | None = None
    type: str | None = None
    kind: str | None = None
    error: str | None = None
    since_ms: int | None = None
    until_ms: int | None = None
    max_attempts: int | None = None

    @property
    def asks_for_a_letter(self) -> bool:
        """Whether a record without a letter can be meant."""
        return self.kind is not None or self.error is not None

    def is_of(self, record: Record) -> bool:
        """Whether a record is of the provider, meeting and type that are meant; also one behind a letter."""
        if self.type is not None and not fnmatchcase(record.type, self.type):
            return False
        if self.meeting is not None and not self._is_of_meeting(record):
            return False
        return self.provider is None or provider_of_letter(record) == self.provider

    def fits(self, letter: Letter) -> bool:
        """Whether the newest letter of a failure is as it is meant."""
        return (
            (self.consumer is None or letter.consumer == self.consumer)
            and (self.kind is None or letter.kind == self.kind)
            and (self.error is None or self.error.casefold() in letter.error.casefold())
            and (self.max_attempts is None or letter.attempts < self.max_attempts)
        )

    def is_in_time(self, time_ms: int) -> bool:
        return (self.since_ms is None or time_ms >= self.since_ms) and (
            self.until_ms is None or time_ms < self.until_ms
        )

    def _is_of_meeting(self, record: Record) -> bool:
        if record.key == self.meeting:
            return True
        return f"{provider_of_letter(record)}/{record.key}" == self.meeting
