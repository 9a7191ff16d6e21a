"""A consumer in a process of its own, to be killed: writes the id of every record it handles to `handled`."""

import asyncio
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from consumers.base import Consumer, Services
from consumers.runner.policy import BurialStreak, Limits
from consumers.runner.run import run
from schemas.envelope import Record
from schemas.facts import Fact
from schemas.topics import WEBHOOKS
from tests.consumers.running import NO_SERVICES, QUICK, opened_log


async def main(folder: Path) -> None:
    with (folder / "handled").open("a", buffering=1) as handled:

        async def handle(record: Record, services: Services) -> Sequence[Fact]:
            await asyncio.sleep(0.002)
            handled.write(f"{record.id}\n")
            return ()

        async def remember(successes: Sequence[tuple[str, int]]) -> None:
            pass

        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        async with opened_log(folder) as log:
            await run(
                Consumer("counting", (WEBHOOKS,), handle),
                log=log,
                services=NO_SERVICES,
                remember=remember,
                stop=stop,
                policy=QUICK,
                limits=Limits(commit_every_seconds=0.02),
                streak=BurialStreak(),
            )


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
