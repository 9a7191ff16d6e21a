"""Copies one recording, again and again, each time in a process of its own that may be killed.

Everything is loaded once: a line on stdin forks a process, its id is the answer on stdout. It handles the
event and leaves with 0, or with 1 where it was refused.
"""

import asyncio
import os
import signal
import sys

from consumers.base import Services
from consumers.recordings import handle
from infra.database.engine import open_database
from infra.errors import Retryable
from infra.links.http import open_links
from infra.objects.open import open_objects
from tests.consumers.storing import webhook


async def copy(objects_url: str, parts_folder: str, database_url: str, link: str) -> int:
    async with (
        open_database(database_url) as database,
        open_links(
            allow=["127.0.0.1"], max_bytes=1 << 30, connect_timeout_seconds=20, idle_timeout_seconds=20
        ) as links,
    ):
        objects = open_objects(objects_url, parts_folder=parts_folder)
        completed = webhook(
            "bot.completed", {"bot_id": "bot-1", "video": link}, event="event-1", meeting="bot-1"
        )
        try:
            await handle(completed, Services(objects, database, links))
        except Retryable as error:
            print(error, file=sys.stderr)
            return 1
    return 0


def main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.dup2(2, 1)  # what is logged is no answer
            os._exit(asyncio.run(copy(*sys.argv[1:])))
        print(child, flush=True)


if __name__ == "__main__":
    main()
