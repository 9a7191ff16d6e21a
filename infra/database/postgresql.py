"""PostgreSQL behind the database: its connections, and what its errors ask of us."""

import os
import ssl
from collections.abc import Iterator
from contextlib import nullcontext
from functools import partial
from typing import Any, Final

from sqlalchemy import NullPool, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from infra.database.base import Backend
from infra.database.postgresql_url import Address, address_of
from infra.errors import Halt, Retryable
from infra.extras import not_installed

_RECYCLE_SECONDS: Final = 900
"""How old a connection gets: firewalls forget those that are quiet for long."""

_IDLE_STATEMENTS: Final = 10
"""A transaction in which nothing was asked for so many statements' time belongs to a worker that is gone."""

_PATIENCE: Final = 1.2
"""How much longer than its own limit we wait for the server: it may be unable to say that it was too slow."""


def open_postgresql(
    url: str, *, busy_seconds: float, pool_size: int, connect_seconds: float, statement_seconds: float
) -> Backend:
    """Connects to nobody yet. The arguments are those of `open_database`. Raises `Halt`."""
    address = address_of(url)
    settings = {
        "application_name": "adjourn",
        "jit": "off",  # it costs more than it gains where every statement is small
        "plan_cache_mode": "force_custom_plan",  # how to search depends on how often the words are said
        "statement_timeout": _milliseconds(statement_seconds),
        "lock_timeout": _milliseconds(busy_seconds),
        "idle_in_transaction_session_timeout": _milliseconds(statement_seconds * _IDLE_STATEMENTS),
    }
    connect: dict[str, Any] = {
        "dsn": address.dsn,
        "timeout": address.connect_seconds or connect_seconds,
        "command_timeout": statement_seconds * _PATIENCE,
        "server_settings": {key: value for key, value in settings.items() if key not in address.parameters},
    }
    return Backend(
        engine=_engine(connect, address, pool_size=pool_size, max_overflow=0, pool_timeout=busy_seconds),
        name=address.name,
        queue=nullcontext(),
        reading={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
        writing={"isolation_level": "READ COMMITTED", "postgresql_readonly": False},
        instruction=partial(_instruction, address=address),
        turns=_engine(connect, address, poolclass=NullPool),
    )


def _engine(connect: dict[str, Any], address: Address, **pool: Any) -> AsyncEngine:
    try:
        engine = create_async_engine(
            "postgresql+asyncpg://",
            connect_args=connect,
            hide_parameters=True,  # an error's text must not hold what people said
            pool_recycle=_RECYCLE_SECONDS,
            **pool,
        )
    except ModuleNotFoundError as error:
        raise not_installed("PostgreSQL", "postgres") from error
    event.listen(engine.sync_engine, "handle_error", partial(_on_error, address=address))
    event.listen(engine.sync_engine, "checkout", _pass_over_closed)
    event.listen(engine.sync_engine, "close", _hang_up)
    return engine


def _milliseconds(seconds: float) -> str:
    return str(max(1, round(seconds * 1000)))


def _pass_over_closed(connection: Any, *_: object) -> None:
    """What the server has closed while it lay in the pool is replaced: no question is lost on it."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError


def _hang_up(connection: Any, _: object) -> None:
    """Without a goodbye, for which a server that froze would be waited for."""
    connection.driver_connection.terminate()


def _on_error(context: ExceptionContext, *, address: Address) -> Exception | None:
    """Called for every error of a statement before anyone else sees it."""
    error = context.original_exception
    if isinstance(
        error, OSError
    ):  # no answer in time, or none ever: an answer that comes later fits no question
        context.is_disconnect = True
        return _instruction(error, address)
    for each in _chain(error):
        if getattr(each, "detail", None):
            each.detail = None  # type: ignore[attr-defined]  # it quotes the row
    return None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.orig if isinstance(error, DBAPIError) else error.__cause__


def _instruction(error: BaseException, address: Address) -> Exception | None:
    """What to do about an error of PostgreSQL, of its driver or of the network; null for a bug."""
    name, chain = address.name, list(_chain(error))
    code: str = next((state for each in chain if (state := getattr(each, "sqlstate", None))), "")
    if code in _HALTS:
        return Halt(_HALTS[code].format(name=name))
    if code == _UNKNOWN_PARAMETER:
        return Halt(f"The database URL asks {name} for what it does not know: {chain[-1]}.")
    if code in _BUSY or code.startswith(_GONE):
        return Retryable(f"{name} is not ready (SQLSTATE {code})")
    for each in chain:
        if isinstance(each, OSError):
            return _of_network(each, address)
        if isinstance(each, ValueError) and not _asked(error):
            return Halt(f"The database URL cannot be used for {name}: see its port and its parameters.")
    if isinstance(error, DBAPIError) and (error.connection_invalidated or not (code or _asked(error))):
        return Retryable(f"the connection to {name} is lost")
    return None


def _asked(error: BaseException) -> bool:
    """Whether it is about a statement, and not about connecting, beginning or ending."""
    return isinstance(error, DBAPIError) and error.statement is not None


def _of_network(reason: OSError, address: Address) -> Exception:
    if isinstance(reason, ssl.SSLCertVerificationError):
        return Halt(
            f"No secure connection to {address.name}: we do not trust its certificate, see sslrootcert."
        )
    if address.insists_on_tls and "rejected SSL" in str(reason):
        return Halt(f"No secure connection to {address.name}, which the URL asks for: see sslmode.")
    if address.names_files and isinstance(reason, FileNotFoundError | PermissionError | IsADirectoryError):
        return Halt("A certificate or key that the database URL names cannot be read: see that it is there.")
    why = os.strerror(reason.errno) if reason.errno and reason.errno > 0 else reason.strerror
    return Retryable(f"{address.name} does not answer ({why or 'in time'})")


# https://www.postgresql.org/docs/current/errcodes-appendix.html

_BUSY: Final = frozenset({"40001", "40P01", "53000", "53200", "53300", "55P03", "57014", "58030"})
"""Serialization failure, deadlock, resources, memory, connections, locks, timeouts, input and output."""

_GONE: Final = ("08", "57P", "25P03")
"""The connection is lost: the server was stopped, is starting, or hung up on us."""

_UNKNOWN_PARAMETER: Final = "42704"

_NOT_LET_IN: Final = (
    "{name} does not let us in: check user and password in the database URL, and its pg_hba.conf."
)
_NO_TABLES: Final = "The tables of {name} are not there or not current: run `adjourn setup`."
_NO_PERMISSION: Final = (
    "{name} does not permit its user what we need: grant it (tables of its own, in a schema of its own),"
    " then start again."
)
_NOT_UTF_8: Final = (
    "{name} does not take UTF-8: create one that does (`createdb --encoding UTF8 -T template0`)."
)
_DAMAGED: Final = "{name} is damaged, its server says: restore it."

_HALTS: Final = {
    "28000": _NOT_LET_IN,
    "28P01": _NOT_LET_IN,
    "3D000": "There is no such database: {name}. Create it (`createdb`), then run `adjourn setup`.",
    "3F000": _NO_PERMISSION,
    "42501": _NO_PERMISSION,
    "42P01": _NO_TABLES,
    "42703": _NO_TABLES,
    "53100": "There is no room for {name}: free space on its server's disk, then start again.",
    "25006": "No writing to {name}: it is read-only. Give the URL of the primary server.",
    "22021": _NOT_UTF_8,
    "22P05": _NOT_UTF_8,
    "XX001": _DAMAGED,
    "XX002": _DAMAGED,
}
