"""Eight recordings at once on their way to an S3 server that takes nothing any more."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from tests.infra.objects.s3 import use_server
from tests.servers.seaweed import SeaweedServer

MB = 1024 * 1024


@pytest.mark.parametrize("how", [(), ("resumable",)])
async def test_what_waits_for_a_slow_server_is_not_held_in_memory(
    own_seaweed: SeaweedServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, how: tuple[str, ...]
) -> None:
    use_server(own_seaweed, monkeypatch)
    command = (sys.executable, "-m", "tests.infra.objects.eight", "s3://memory", str(tmp_path), *how)
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert await process.stdout.readline() == b"begun\n"
        own_seaweed.freeze()
        process.stdin.write(b"now\n")
        await process.stdin.drain()
        grown, written = map(int, (await process.stdout.readline()).split())
    finally:
        process.kill()
        await process.communicate()
        own_seaweed.thaw()
    assert written > 48 * MB
    assert grown < 40 * MB
