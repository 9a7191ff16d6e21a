"""A log by its URL."""

from pathlib import Path
from urllib.parse import unquote

from infra.eventlog.base import EventLog
from infra.eventlog.sqlite import SqliteLog


def open_log(url: str, *, retention_days: float = 30) -> EventLog:
    """`sqlite:///relative/file.db`, `sqlite:////absolute/file.db`. Must be called while an event loop runs.

    Raises `ValueError` when there is no log of that kind.
    """
    scheme, separator, rest = url.partition("://")
    if scheme == "sqlite" and separator and rest.startswith("/") and len(rest) > 1:
        return SqliteLog(Path(unquote(rest[1:])))
    raise ValueError(f"{scheme!r} is no kind of log: use sqlite:///path/to/log.db")
