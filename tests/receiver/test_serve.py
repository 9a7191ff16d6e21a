"""Start and stop: what is refused at once, what is finished, and how the program ends."""

import asyncio
import json
import signal
import socket
import sys
from pathlib import Path

import pytest

from infra.errors import Halt
from infra.eventlog.open import open_log
from receiver.app import create_app
from receiver.serve import serve
from tests.receiver.harness import API_KEY, STATUS, meeting_baas_scheme

PROGRAM = Path(__file__).with_name("program.py")
BODY = json.dumps(STATUS).encode()


async def test_a_port_in_use_is_told_in_a_sentence(tmp_path: Path) -> None:
    log = open_log(f"sqlite:///{tmp_path}/log.db")
    app = create_app(log=log, schemes={"meeting-baas": meeting_baas_scheme()})
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            Halt, match=rf"^Port {port} on 127\.0\.0\.1 is used by another program: .*ADJOURN_PORT\.$"
        ):
            await serve(app, host="127.0.0.1", port=port, ready=print, stop=asyncio.Event())
    await log.close()


async def test_an_address_that_is_not_ours_is_told_in_a_sentence(tmp_path: Path) -> None:
    log = open_log(f"sqlite:///{tmp_path}/log.db")
    app = create_app(log=log, schemes={})
    with pytest.raises(Halt, match=r"^We cannot listen on 192\.0\.2\.1, port 0: .*ADJOURN_HOST"):
        await serve(app, host="192.0.2.1", port=0, ready=print, stop=asyncio.Event())
    await log.close()


def test_a_limit_that_the_log_cannot_keep_is_refused() -> None:
    with pytest.raises(ValueError, match="max_body_bytes"):
        create_app(log=None, schemes={}, max_body_bytes=33 * 1024 * 1024)  # type: ignore[arg-type]


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
async def test_on_a_signal_what_has_come_in_is_finished_and_the_program_ends_well(
    tmp_path: Path, sent: signal.Signals
) -> None:
    program = await asyncio.create_subprocess_exec(
        sys.executable, PROGRAM, str(tmp_path), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    assert program.stdout is not None
    assert program.stderr is not None
    port = int(await asyncio.wait_for(program.stdout.readline(), 20))
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    idle_reader, idle_writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST /webhooks/meeting-baas HTTP/1.1\r\nhost: x\r\nx-meeting-baas-api-key: {API_KEY}\r\n"
    head += f"expect: 100-continue\r\ncontent-length: {len(BODY)}\r\n\r\n"
    writer.write(head.encode())
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"  # it is in flight now

    program.send_signal(sent)
    assert await asyncio.wait_for(idle_reader.read(), 10) == b""  # idle connections end at once
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
    writer.write(BODY)
    answer = await asyncio.wait_for(reader.read(), 10)
    for each in (writer, idle_writer):
        each.close()
        await each.wait_closed()
    _, errors = await asyncio.wait_for(program.communicate(), 20)

    assert answer.startswith(b"HTTP/1.1 202 ")
    assert (program.returncode, errors) == (0, b"")


async def test_what_does_not_finish_in_the_time_of_grace_is_503(tmp_path: Path) -> None:
    log = open_log(f"sqlite:///{tmp_path}/log.db")
    app = create_app(log=log, schemes={"meeting-baas": meeting_baas_scheme()})
    stop, port = asyncio.Event(), asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(
        serve(
            app,
            host="127.0.0.1",
            port=0,
            ready=lambda _, number: port.set_result(number),
            stop=stop,
            grace_seconds=1,
        )
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", await port)
    head = f"POST /webhooks/meeting-baas HTTP/1.1\r\nhost: x\r\nx-meeting-baas-api-key: {API_KEY}\r\n"
    writer.write(head.encode() + b"expect: 100-continue\r\ncontent-length: 9\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")

    stop.set()
    answer = await asyncio.wait_for(reader.readuntil(b"\r\n"), 5)
    await asyncio.wait_for(serving, 5)
    writer.close()
    await writer.wait_closed()
    await log.close()

    assert answer.startswith(b"HTTP/1.1 503 ")
