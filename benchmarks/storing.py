"""The consumer of recordings as it runs in production, in a process of its own, on events with links.

python -m benchmarks.storing OBJECTS_URL FOLDER AT_ONCE LINK…
"""

import asyncio
import json
import os
import resource
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter

import structlog
import uvloop

from consumers.base import Services
from consumers.recordings import CONSUMER
from infra.database.engine import open_database
from infra.links.http import open_links
from infra.objects.open import open_objects
from schemas.envelope import Record, event_headers
from schemas.topics import WEBHOOKS


@dataclass(frozen=True, slots=True)
class Stored:
    """`cpu_seconds` are the process's own, `peak_mb` is the most memory that it had, `growth_mb` how far that
    is above what it had when a first small recording was stored."""

    seconds: float
    cpu_seconds: float
    peak_mb: float
    growth_mb: float


def stored(
    links: Sequence[str], objects_url: str, folder: Path, *, at_once: int, variables: Mapping[str, str] = {}
) -> Stored:
    """What it cost. `folder` gets the database, and what else is kept on this machine."""
    command = [sys.executable, "-m", "benchmarks.storing", objects_url, str(folder), str(at_once), *links]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=os.environ | variables).stdout
    return Stored(**json.loads(said))


async def _store(objects_url: str, folder: Path, at_once: int, links: Sequence[str]) -> Stored:
    objects = open_objects(objects_url, parts_folder=str(folder / "parts"))
    await objects.setup()
    async with (
        open_database(f"sqlite:///{folder}/adjourn.db") as database,
        open_links(
            allow=["127.0.0.1"], max_bytes=1 << 40, connect_timeout_seconds=5, idle_timeout_seconds=30
        ) as opened,
    ):
        await database.setup()
        services = Services(objects, database, opened)
        await CONSUMER.handle(_completed(_small(links[0]), "warm"), services)
        turns = asyncio.Semaphore(at_once)

        async def handle(number: int, link: str) -> None:
            async with turns:
                await CONSUMER.handle(_completed(link, f"meeting-{number}"), services)

        before, began = _used(), perf_counter()
        await asyncio.gather(*(handle(number, link) for number, link in enumerate(links)))
        seconds, after = perf_counter() - began, _used()
    return Stored(seconds, after[0] - before[0], after[1], after[1] - before[1])


def _small(link: str) -> str:
    """100 KB of what `link` leads to."""
    return f"{link.rsplit('/', 2)[0]}/100000/warm"


def _used() -> tuple[float, float]:
    """Seconds of CPU so far; the most memory so far in megabytes."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def _completed(link: str, meeting: str) -> Record:
    headers = event_headers(
        id=meeting,
        source="/webhooks/meeting-baas",
        type="meeting-baas.bot.completed",
        subject=meeting,
        time="2026-01-02T03:04:05Z",
    )
    body = {"event": "bot.completed", "data": {"bot_id": meeting, "video": link}}
    return Record(WEBHOOKS, 0, 1, meeting, 0, headers, json.dumps(body).encode())


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    objects_url, folder, at_once, *links = sys.argv[1:]
    print(json.dumps(asdict(uvloop.run(_store(objects_url, Path(folder), int(at_once), links)))))
