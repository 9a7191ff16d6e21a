"""Another process at the same log: `python -m tests.infra.eventlog.child append|read|hold PATH …`.

It says on stdout what it did, a line each, so that a test knows what was promised when it was killed.
"""

import asyncio
import os
import random
import sqlite3
import sys
from pathlib import Path

from infra.eventlog.sqlite.log import SqliteLog
from schemas.topics import WEBHOOKS

_APPENDERS = 8
_LARGEST_PADDING = 40_000


def say(line: str) -> None:
    os.write(1, f"{line}\n".encode())


async def append(path: Path, name: str, count: int) -> None:
    """Say `NAME-APPENDER NUMBER` once that record is durable; the key is `NAME-APPENDER`."""
    log = SqliteLog(path)
    await log.setup()

    async def append_in_turn(key: str) -> None:
        for number in range(count):
            value = f"{key} {number} ".encode() + bytes(random.randrange(_LARGEST_PADDING))
            await log.append(WEBHOOKS, key=key, value=value, headers={})
            say(f"{key} {number}")

    await asyncio.gather(*(append_in_turn(f"{name}-{n}") for n in range(_APPENDERS)))
    await log.close()


async def read(path: Path, group: str) -> None:
    """Say `waiting`, then each value; commit each."""
    log = SqliteLog(path)
    await log.setup()
    async with log.subscribe([WEBHOOKS], group) as subscription:
        say("waiting")
        while True:
            for record in await subscription.fetch(1):
                say(record.value.decode())
                await subscription.commit(record)


def hold(path: Path) -> None:
    """Lock the log, say `locked`, and let go when stdin ends."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    say("locked")
    sys.stdin.read()
    connection.close()


if __name__ == "__main__":
    task, path = sys.argv[1], Path(sys.argv[2])
    if task == "append":
        asyncio.run(append(path, sys.argv[3], int(sys.argv[4])))
    elif task == "read":
        asyncio.run(read(path, sys.argv[3]))
    else:
        hold(path)
