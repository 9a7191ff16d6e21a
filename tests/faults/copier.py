"""Copies one recording again and again, each time in a process of its own that may be killed.

A few processes wait, with all loaded and connected, as workers that have long been running. For each byte on
stdin one of them says its id on stdout and handles the event.
"""

import asyncio
import os
import signal
import sys

import boto3.session

from consumers.base import Services
from consumers.recordings import handle
from infra.database.engine import open_database
from infra.errors import Retryable
from infra.links.http import open_links
from infra.objects.open import open_objects
from tests.consumers.storing import webhook

_WAITING = 2


async def copy(
    objects_url: str, parts_folder: str, database_url: str, link: str, *, said: int, taken: int
) -> None:
    objects = open_objects(objects_url, parts_folder=parts_folder)
    completed = webhook("bot.completed", {"bot_id": "bot-1", "video": link}, event="event-1", meeting="bot-1")
    async with (
        open_database(database_url) as database,
        open_links(
            allow=["127.0.0.1"], max_bytes=1 << 30, connect_timeout_seconds=20, idle_timeout_seconds=20
        ) as links,
    ):
        await objects.stat("meeting-baas/bot-1/video.mp4")
        if not await asyncio.to_thread(os.read, 0, 1):
            return
        os.write(taken, b"1")
        os.write(said, f"{os.getpid()}\n".encode())
        try:
            await handle(completed, Services(objects, database, links))
        except Retryable as error:
            print(error, file=sys.stderr)


def main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    said = os.dup(1)
    os.dup2(2, 1)  # what is logged is no answer
    if sys.argv[1].startswith("s3:"):
        boto3.session.Session().client("s3")  # what it loads on the way, no process needs to load again
    taken, take = os.pipe()
    for _ in range(_WAITING):
        os.write(take, b"1")
    while os.read(taken, 1):
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            asyncio.run(copy(*sys.argv[1:], said=said, taken=take))
            os._exit(0)


if __name__ == "__main__":
    main()
