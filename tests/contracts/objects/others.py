"""A process that uploads to the store that a test looks at."""

import asyncio
import json
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.infra.objects.obeying import Answer


@dataclass(slots=True)
class OtherProcess:
    """See `tests/infra/objects/obeying.py`. `said` is its last answer."""

    process: Process
    said: Answer

    async def told(self, word: str | int) -> Answer:
        self.ask(word)
        self.said = await _answer(self.process)
        return self.said

    def ask(self, word: str | int) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{word}\n".encode())

    def freeze(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    async def kill(self) -> None:
        self.process.kill()
        await self.process.wait()


@asynccontextmanager
async def other_process(url: str, parts_folder: str) -> AsyncIterator[OtherProcess]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.infra.objects.obeying", url, parts_folder), stdin=PIPE, stdout=PIPE
    )
    try:
        yield OtherProcess(process, await _answer(process))
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def _answer(process: Process) -> Answer:
    assert process.stdout is not None
    return Answer(**json.loads(await process.stdout.readline()))
