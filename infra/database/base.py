"""What SQLite and PostgreSQL do each in its own way, and what the rest of the database is built on."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine


@dataclass(frozen=True, slots=True)
class Backend:
    """An open database. `name` may be shown to people: it holds no credentials.

    `queue` is held by whoever writes. `reading` and `writing` are the execution options of a transaction.
    `instruction` says what to do about an error of the driver: a `Retryable` or a `Halt`, or null for a bug.
    `turns` gives connections that are held while other work is done; null where one process does it all.
    """

    engine: AsyncEngine
    name: str
    queue: AbstractAsyncContextManager[Any]
    reading: Mapping[str, Any]
    writing: Mapping[str, Any]
    instruction: Callable[[BaseException], Exception | None]
    turns: AsyncEngine | None
