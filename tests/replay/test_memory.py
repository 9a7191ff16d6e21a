"""However many dead letters there are, looking through them takes the same memory."""

import asyncio
import subprocess
import sys
from pathlib import Path

from tests.adjourn.letters import Buried, bury_in

_PROGRAM = """
import asyncio, re, sys
from pathlib import Path
from consumers.replay.choose import Wanted, choose
from consumers.replay.index import Index
from consumers.replay.which import Which
from infra.eventlog.open import open_log

async def nothing(consumer, ids):
    return {}

async def main(url, error):
    log = open_log(url)
    with Index() as index:
        await choose(log, Wanted(Which(error=error or None)), (), nothing, run=None, into=index)
        told = Path("/proc/self/status").read_text()
        print(sum(index.counts().values()), re.search(r"VmHWM:\\s+(\\d+)", told)[1])
    await log.close()

asyncio.run(main(*sys.argv[1:]))
"""
_FEW, _MANY = 10_000, 40_000
_ERROR_CHARACTERS = 900
_FLAT_KB = 20_000
"""The cache of the index fills; an index in memory would take twice as much more."""


def test_memory_does_not_grow_with_the_letters_that_there_are_nor_with_those_that_are_meant(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path}/log.db"
    asyncio.run(bury_in(url, letters(0, _FEW), set_up=True))
    few, before = looked_through(url, "")
    asyncio.run(bury_in(url, letters(_FEW, _MANY)))
    many, after = looked_through(url, "")
    some, filtered = looked_through(url, "/77")

    assert (few, many) == (_FEW, _MANY)
    assert 0 < some < many
    assert after - before < _FLAT_KB
    assert filtered - before < _FLAT_KB


def letters(first: int, last: int) -> list[Buried]:
    body = b"x" * 1000
    return [
        Buried(
            f"event-{number}",
            f"bot-{number % 100}",
            body,
            number,
            error=f"404 from /{number}".ljust(_ERROR_CHARACTERS, "."),
        )
        for number in range(first, last)
    ]


def looked_through(url: str, error: str) -> tuple[int, int]:
    """How many were chosen, and the most memory that was taken, in kB."""
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, url, error], check=True, stdout=subprocess.PIPE, text=True
    )
    count, kilobytes = map(int, done.stdout.split())
    return count, kilobytes
