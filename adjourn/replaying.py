"""A replay as something that is kept: one at a time of the same command, going on where it was."""

import fcntl
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from hashlib import blake2b

from adjourn.places import embedded
from consumers.runner.work import Remember
from infra.database.engine import Database
from infra.database.outcomes import record_successes
from infra.database.replays import (
    Replay,
    advance_replay,
    begin_replay,
    end_replay,
    new_replay,
    unfinished_replay,
)
from infra.errors import Halt, Retryable

_RUNS_ALREADY = (
    "The same replay is running already: wait for it or stop it, and this command goes on where it was."
)


@asynccontextmanager
async def alone(database: Database, database_url: str, command: str) -> AsyncIterator[None]:
    """Nobody else runs the same command meanwhile; whoever is killed lets go. Raises `Halt` otherwise."""
    path = embedded(database_url)
    if path is None:
        entering: AbstractAsyncContextManager[None] = database.alone_with("replay", command)
        try:
            await entering.__aenter__()
        except Retryable as busy:
            raise Halt(f"{_RUNS_ALREADY} ({busy})") from busy
        try:
            yield
        finally:
            await entering.__aexit__(None, None, None)
    else:
        descriptor = os.open(path.with_name(f"{path.name}.replays.lock"), os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _lock_byte(descriptor, command)
            yield
        finally:
            os.close(descriptor)


def _lock_byte(descriptor: int, command: str) -> None:
    """One file for all commands, a byte of it for each: the kernel lets go of it on kill -9."""
    number = int.from_bytes(blake2b(command.encode("utf-8", "surrogatepass"), digest_size=4).digest())
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number)
    except OSError as error:
        raise Halt(_RUNS_ALREADY) from error


async def begun(
    database: Database,
    command: str,
    now_ms: int,
    *,
    since_ms: int | None,
    until_ms: int | None,
    anew: bool,
) -> tuple[Replay, bool]:
    """The replay that was left on its way, and true; or a new one, and false."""
    async with database.transaction() as tx:
        left = None if anew else await unfinished_replay(tx, command)
        if left is not None:
            return left, True
        replay = new_replay(command, now_ms, since_ms=since_ms, until_ms=until_ms)
        await begin_replay(tx, replay)
    return replay, False


async def left_on_its_way(database: Database, command: str) -> Replay | None:
    async with database.reading() as tx:
        return await unfinished_replay(tx, command)


async def ended(database: Database, replay: Replay) -> None:
    async with database.transaction() as tx:
        await end_replay(tx, replay.id)


def remembered_by(database: Database, replay: Replay) -> Callable[[str], Remember]:
    """Where each consumer's successes are kept, and with them how far the replay is."""

    def of_consumer(consumer: str) -> Remember:
        async def keep(successes: Sequence[tuple[str, int]]) -> None:
            async with database.transaction() as tx:
                await record_successes(tx, consumer, successes)
                await advance_replay(tx, replay.id, done=len(successes))

        return keep

    return of_consumer


def saved_by(database: Database, replay: Replay) -> Callable[[int, Mapping[int, int]], Awaitable[None]]:
    """Where it is kept what has been republished."""

    async def save(done: int, marks: Mapping[int, int]) -> None:
        async with database.transaction() as tx:
            await advance_replay(tx, replay.id, done=done, marks=marks)

    return save
