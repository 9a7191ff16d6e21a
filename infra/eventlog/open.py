"""A log by its URL. A new kind of log is a line here."""

from pathlib import Path
from urllib.parse import unquote

from infra.eventlog.base import EventLog
from infra.eventlog.sqlite import SqliteLog


def open_log(url: str, *, retention_days: float = 30) -> EventLog:
    """`sqlite:///relative/file.db` or `sqlite:////absolute/file.db`. No file is touched yet.

    Raises `ValueError`, with a sentence that says what to write, when the URL names no log.
    """
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite" and len(rest) > 1 and rest.startswith("/"):
        return SqliteLog(Path(unquote(rest[1:])), retention_days=retention_days)
    raise ValueError("The log's URL must look like sqlite:///var/log.db (four slashes for an absolute path).")
