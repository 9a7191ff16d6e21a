"""Errors are instructions. Those who know raise them; the receiver and the runner alone act on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # pydantic would cost every command a tenth of a second
    from collections.abc import Sequence

    from schemas.facts import Fact


class LogUnavailable(Exception):
    """The log cannot take or give records now. Nothing was lost: try again in `retry_after_seconds`."""

    def __init__(self, reason: str, retry_after_seconds: float = 5) -> None:
        super().__init__(reason)
        self.retry_after_seconds = retry_after_seconds


class Retryable(Exception):
    """The world was not ready. Try again, after `after_seconds` where the other side said when.

    `facts` are what a handler caused all the same: they must be told, also when there is no next time.
    """

    def __init__(
        self, reason: str, after_seconds: float | None = None, *, facts: Sequence[Fact] = ()
    ) -> None:
        super().__init__(reason)
        self.after_seconds = after_seconds
        self.facts = tuple(facts)


class Later(Exception):
    """Nothing is wrong, but this record is not through: its turn comes again `after_seconds` from now.

    However often that is said, it is no attempt that failed. Records of its key wait behind it.
    """

    def __init__(self, reason: str, after_seconds: float) -> None:
        super().__init__(reason)
        self.after_seconds = after_seconds


class Poison(Exception):
    """This record can never work, whoever tries: bury it now. `facts` as in `Retryable`."""

    def __init__(self, reason: str, *, facts: Sequence[Fact] = ()) -> None:
        super().__init__(reason)
        self.facts = tuple(facts)


class Halt(Exception):
    """Nothing can work (credentials, a missing bucket, a full disk): stop and commit nothing.

    The text is a whole sentence that says what a person should do.
    """
