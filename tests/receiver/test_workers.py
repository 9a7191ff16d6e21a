"""Several receivers at one port, each a process of its own."""

import asyncio
import re
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path

import aiohttp
import pytest

from infra.errors import Halt
from receiver.serve import reserve
from receiver.worker_metrics import WorkerMetrics
from tests.receiver.harness import STATUS, V1

PROGRAM = Path(__file__).with_name("program.py")
ACCEPTED = re.compile(
    r'^adjourn_receiver_webhooks_total\{outcome="accepted",provider="meeting-baas",worker="(\w+)"\} (\S+)$',
    re.M,
)


@asynccontextmanager
async def worker(folder: Path, port: int, name: str) -> AsyncIterator[asyncio.subprocess.Process]:
    program = await asyncio.create_subprocess_exec(
        sys.executable, PROGRAM, str(folder), str(port), name, stdout=asyncio.subprocess.PIPE
    )
    assert program.stdout is not None
    try:
        assert int(await asyncio.wait_for(program.stdout.readline(), 20)) == port
        yield program
    finally:
        if program.returncode is None:
            program.terminate()
        await asyncio.wait_for(program.communicate(), 20)


async def accept(url: str) -> None:
    """One event by a connection of its own."""
    async with aiohttp.ClientSession() as http, http.post(url, json=STATUS, headers=V1) as answer:
        assert answer.status == 202


async def accepted_by_worker(url: str) -> dict[str, float]:
    async with aiohttp.ClientSession() as http, http.get(url) as answer:
        return {name: float(count) for name, count in ACCEPTED.findall(await answer.text())}


async def test_connections_are_spread_over_all_workers_and_any_of_them_tells_of_all(tmp_path: Path) -> None:
    (tmp_path / "metrics").mkdir()
    with closing(reserve("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
        async with AsyncExitStack() as stack:
            for name in ("one", "two"):
                await stack.enter_async_context(worker(tmp_path, port, name))
            for _ in range(40):
                await accept(f"http://127.0.0.1:{port}/webhooks/meeting-baas")

            async with asyncio.timeout(5):
                while (
                    sum((counts := await accepted_by_worker(f"http://127.0.0.1:{port}/metrics")).values())
                    < 40
                ):
                    await asyncio.sleep(0.05)

    assert counts.keys() == {"one", "two"}
    assert sum(counts.values()) == 40
    assert min(counts.values()) >= 1


async def test_one_worker_goes_on_when_another_is_killed(tmp_path: Path) -> None:
    (tmp_path / "metrics").mkdir()
    with closing(reserve("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
        async with worker(tmp_path, port, "one"), worker(tmp_path, port, "two") as victim:
            victim.kill()
            await victim.wait()
            for _ in range(10):
                await accept(f"http://127.0.0.1:{port}/webhooks/meeting-baas")


def test_a_reserved_port_takes_no_connection_before_a_worker_listens() -> None:
    with closing(reserve("127.0.0.1", 0)) as reserved, pytest.raises(ConnectionRefusedError):
        socket.create_connection(reserved.getsockname(), timeout=5)


def test_a_port_where_somebody_listens_cannot_be_reserved() -> None:
    with socket.create_server(("127.0.0.1", 0), reuse_port=True) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Halt, match=rf"^Port {port} on 127\.0\.0\.1 is used by another program"):
            reserve("127.0.0.1", port)


async def test_a_worker_whose_folder_is_gone_still_tells_of_itself(tmp_path: Path) -> None:
    page = (await WorkerMetrics(tmp_path / "gone", "one").page()).decode()

    assert 'process_start_time_seconds{worker="one"}' in page


async def test_what_several_workers_tell_is_one_family_each(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.prom").write_text("# HELP spooled x\n# TYPE spooled gauge\nspooled 1.0\n")

    page = (await WorkerMetrics(tmp_path, "three").page()).decode()

    assert page.count("# TYPE spooled gauge") == 1
    assert 'spooled{worker="one"} 1.0\nspooled{worker="two"} 1.0\n' in page
