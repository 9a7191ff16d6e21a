"""Another process at the same spool: `python -m tests.infra.eventlog.spool_child FOLDER NAME`.

It appends without end, and says `KEY NUMBER` on stdout once that record was accepted, so that a test knows
what was promised when it was killed.
"""

import asyncio
import logging
import os
import sys
from pathlib import Path

import structlog

from tests.infra.eventlog.spooling import Place, append

_APPENDERS = 8


async def main(folder: Path, name: str) -> None:
    async with Place(folder).open() as log:

        async def append_in_turn(key: str) -> None:
            for number in range(1_000_000):
                await append(log, number, key=key, padding=number % 7 * 1000)
                os.write(1, f"{key} {number}\n".encode())

        await asyncio.gather(*(append_in_turn(f"{name}-{n}") for n in range(_APPENDERS)))


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
