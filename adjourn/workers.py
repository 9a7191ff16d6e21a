"""Receiving in several processes of this machine, at one port. One that dies is replaced.

A worker is this program again, `adjourn receive --worker NAME`: it prints a line when it can receive, and
ends in order on SIGTERM or when its standard input ends, so that none is left behind when we are killed.
"""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import structlog

from adjourn.settings import Settings
from adjourn.stopping import unless
from consumers.runner.patience import is_set_within
from infra.errors import Halt
from receiver.serve import reserve
from receiver.worker_metrics import WorkerMetrics

_REPLACE_AFTER_SECONDS: Final = 1
_END_SECONDS: Final = 15

log = structlog.get_logger()


async def receive_in_workers(
    settings: Settings, ready: Callable[[str, int], None], stop: asyncio.Event
) -> None:
    """Keep `settings.workers` of them until `stop` is set, then see them to their end.

    `ready` is told the host and port once all of them can receive. What this process has to tell stands on
    their `/metrics`, too. Raises `Halt` when nobody can listen there, or one ends before it could receive.
    """
    reserved = reserve(settings.host, settings.port)
    with reserved, TemporaryDirectory(prefix="adjourn-metrics-") as folder:
        port: int = reserved.getsockname()[1]
        starting = {str(number) for number in range(1, settings.workers + 1)}

        def can_receive(name: str) -> None:
            if name in starting:
                starting.remove(name)
                if not starting:
                    ready(settings.host, port)

        kept = [
            asyncio.create_task(_keep(name, port, folder, can_receive, stop)) for name in sorted(starting)
        ]
        publishing = asyncio.create_task(WorkerMetrics(Path(folder), "main").publish(stop))
        try:
            await asyncio.wait(kept, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stop.set()
            await asyncio.wait([*kept, publishing])
        for task in kept:
            task.result()


async def until_parent_ends(stop: asyncio.Event) -> None:
    """What a worker does beside receiving: return when its standard input ends, or `stop` is set."""
    loop, ended, stdin = asyncio.get_running_loop(), asyncio.Event(), sys.stdin.fileno()

    def on_input() -> None:
        if not os.read(stdin, 1):
            ended.set()

    loop.add_reader(stdin, on_input)
    try:
        await unless(stop, ended.wait())
    finally:
        loop.remove_reader(stdin)


async def _keep(
    name: str, port: int, metrics_folder: str, can_receive: Callable[[str], None], stop: asyncio.Event
) -> None:
    has_received = False
    while not stop.is_set():
        async with _worker(name, port, metrics_folder) as process:
            assert process.stdout is not None
            if await unless(stop, process.stdout.readline()):
                has_received = True
                can_receive(name)
            await unless(stop, process.wait())
        if stop.is_set():
            return
        if not has_received:
            raise Halt("A receiving process ended before it could receive: the lines above say why.")
        log.error("worker_ended", worker=name, exit_code=process.returncode)
        await is_set_within(stop, _REPLACE_AFTER_SECONDS)


@asynccontextmanager
async def _worker(name: str, port: int, metrics_folder: str) -> AsyncIterator[Process]:
    options = (f"--worker={name}", f"--port={port}", f"--metrics-folder={metrics_folder}")
    command = (sys.executable, "-m", "adjourn", "receive", *options)
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _END_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()
