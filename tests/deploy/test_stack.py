"""`make kafka`, `make s3`, `make postgres` and `make stack`: what they run, run as they run it."""

import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.deploy.clients import s3_client, tables_of, topics_of
from tests.servers.seaweed import remove_sockets
from tests.servers.server import ROOT, claim_ports

END_SECONDS = 20
NAMES = ("kafka", "s3", "postgres")


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where other users may come in: root's PostgreSQL is run by one."""
    made = Path(tempfile.mkdtemp(prefix="adjourn-stack-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@contextmanager
def running(target: str, *options: str) -> Iterator[subprocess.Popen[str]]:
    """What `make TARGET` runs, and what that says."""
    program = subprocess.Popen(
        command_of(target, *options), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield program
    finally:
        if program.poll() is None:
            program.terminate()
        program.communicate(timeout=END_SECONDS)


def command_of(target: str, *options: str) -> list[str]:
    make = ["make", "--no-print-directory", "--dry-run", target, f"ARGS={shlex.join(options)}"]
    printed = subprocess.run(make, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return shlex.split(printed.splitlines()[-1])


def told(program: subprocess.Popen[str], lines: int) -> Mapping[str, str]:
    """Its lines for `.env`, after the comment above them."""
    assert program.stdout is not None
    assert program.stdout.readline().startswith("# "), program.communicate(timeout=END_SECONDS)
    return dict(program.stdout.readline().rstrip().split("=", 1) for _ in range(lines))


@pytest.fixture
def ports() -> Iterator[list[int]]:
    """Three that are free, each with some behind it."""
    claims = [claim_ports() for _ in range(3)]
    yield [port for port, _ in claims]
    for port, claim in claims:
        claim.close()
        remove_sockets(port)


@pytest.fixture
def stack(folder: Path, ports: list[int]) -> Iterator[subprocess.Popen[str]]:
    options = [f"--port={name}={port}" for name, port in zip(NAMES, ports, strict=True)]
    with running("stack", f"--folder={folder}", *options) as program:
        yield program


async def test_the_stack_tells_how_to_reach_what_it_runs_and_ends_with_it(
    stack: subprocess.Popen[str],
) -> None:
    lines = told(stack, 7)
    started = psutil.Process(stack.pid).children()

    assert await topics_of(lines["ADJOURN_LOG_URL"].removeprefix("kafka://"), new="mine") == {"mine"}
    assert await tables_of(lines["ADJOURN_DATABASE_URL"], new="mine") == {"mine"}
    s3 = s3_client(lines["AWS_ENDPOINT_URL"], lines["AWS_ACCESS_KEY_ID"], lines["AWS_SECRET_ACCESS_KEY"])
    bucket = lines["ADJOURN_OBJECTS_URL"].removeprefix("s3://")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="mine", Body=b"body")

    stack.send_signal(signal.SIGTERM)
    assert stack.communicate(timeout=END_SECONDS) == ("", "")
    assert stack.returncode == 0
    assert not any(each.is_running() for each in started)


@pytest.mark.parametrize("name", NAMES)
def test_each_can_be_had_alone(name: str) -> None:
    assert command_of(name)[-2:] == ["infra.deploy.stack", name]


async def test_control_c_ends_it_and_what_was_stored_stays(folder: Path, ports: list[int]) -> None:
    for tables in ({"mine"}, {"mine", "more"}):
        with running("postgres", f"--folder={folder}", f"--port=postgres={ports[0]}") as program:
            url = told(program, 1)["ADJOURN_DATABASE_URL"]
            assert await tables_of(url, new=max(tables)) == tables
            program.send_signal(signal.SIGINT)
            program.communicate(timeout=END_SECONDS)
            assert program.returncode == 0


def test_a_component_that_dies_ends_it_with_a_sentence(folder: Path, ports: list[int]) -> None:
    with running("postgres", f"--folder={folder}", f"--port=postgres={ports[0]}") as program:
        told(program, 1)
        psutil.Process(program.pid).children()[0].kill()
        _, sentence = program.communicate(timeout=END_SECONDS)
    assert program.returncode == 1
    assert sentence == f"postgres has ended: {folder}/postgres/server.log says why.\n"
