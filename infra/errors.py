"""Errors are instructions. Those who know raise them; the receiver and the runner alone act on them."""


class LogUnavailable(Exception):
    """The log cannot take or give records now. Nothing was lost: try again in `retry_after_seconds`."""

    def __init__(self, reason: str, retry_after_seconds: float = 5) -> None:
        super().__init__(reason)
        self.retry_after_seconds = retry_after_seconds


class Retryable(Exception):
    """The world was not ready. Try again, after `after_seconds` where the other side said when."""

    def __init__(self, reason: str, after_seconds: float | None = None) -> None:
        super().__init__(reason)
        self.after_seconds = after_seconds


class Poison(Exception):
    """This record can never work, whoever tries: bury it now."""


class Halt(Exception):
    """Nothing can work (credentials, a missing bucket, a full disk): stop and commit nothing.

    The text is a whole sentence that says what a person should do.
    """
