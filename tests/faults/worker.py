"""A consumer in a process of its own, to be killed and frozen: it says in a file what it begins and ends."""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from consumers.base import Consumer, Services
from consumers.runner.policy import BurialStreak, Limits
from consumers.runner.run import run
from infra.eventlog.kafka.options import KafkaOptions
from infra.eventlog.open import open_log
from schemas.envelope import Record
from schemas.facts import Fact
from schemas.topics import WEBHOOKS
from tests.consumers.running import NO_SERVICES, QUICK

GROUP = "counting"


async def main(url: str, said: Path, options: KafkaOptions) -> None:
    """A handler of a record whose value is "long" goes on until the file `enough` is there."""
    enough = said.with_name("enough")
    lines = os.open(said, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def say(what: str, record: Record) -> None:
        os.write(lines, f"{os.getpid()} {what} {record.id}\n".encode())

    async def handle(record: Record, services: Services) -> Sequence[Fact]:
        say("begins", record)
        try:
            while record.value == b"long" and not enough.exists():
                await asyncio.sleep(0.02)
        except asyncio.CancelledError:
            say("cancels", record)
            raise
        say("ends", record)
        return ()

    async def remember(successes: Sequence[tuple[str, int]]) -> None:
        pass

    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    log = open_log(url, kafka=options)
    await run(
        Consumer(GROUP, (WEBHOOKS,), handle),
        log=log,
        services=NO_SERVICES,
        remember=remember,
        stop=stop,
        policy=QUICK,
        limits=Limits(commit_every_seconds=0.02),
        streak=BurialStreak(),
    )
    await log.close()


if __name__ == "__main__":
    url, said, session_timeout_seconds, members_folder = sys.argv[1:]
    asyncio.run(
        main(
            url,
            Path(said),
            KafkaOptions(
                session_timeout_seconds=float(session_timeout_seconds), members_folder=members_folder
            ),
        )
    )
