"""`adjourn demo`: the whole way once, by the real program in a folder of its own, on a real recording."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.error import URLError
from urllib.request import urlopen

import click

from adjourn.cli.output import failed
from adjourn.media_server import sample_api
from adjourn.senders.demo import FOLDER
from adjourn.senders.table import SENDERS
from adjourn.settings import environment_without_settings

_READY_SECONDS: Final = 15
_ALLOWED: Final = "ADJOURN_DOWNLOAD_ALLOW=127.0.0.1"
_FAILING: Final = "A recording that may not be fetched: a link to this machine, which nothing allows."
_HEALING: Final = f"{_ALLOWED} is in .env now, and Adjourn was started again. The cause is gone, so:"


@click.command()
@click.option("--provider", type=click.Choice(list(SENDERS)), default=next(iter(SENDERS)), help="The sender.")
def command(provider: str) -> None:
    """Watch the whole way once, on a real recording.

    Starts Adjourn in var/demo with secrets and a port of its own, and sends it the documented sample events,
    signed as their sender signs them.
    """
    began = time.monotonic()
    demo = SENDERS[provider].demo
    with sample_api(provider) as api_url:
        folder = _empty_folder()
        settings = demo.settings(api_url)
        if demo.fails:
            _set(folder, settings)
            with _running(folder):
                _show(folder, _FAILING, [f"send --links-to {api_url} {demo.fails}"])
                _await_dead_letter(folder)
                _show(folder, "What failed is kept, with the reason:", ["dead-letters"])
        _set(folder, [*settings, _ALLOWED])
        with _running(folder):
            steps = demo.steps if not demo.fails else [(_HEALING, ["replay", "dead-letters"]), *demo.steps]
            for title, lines in steps:
                _show(folder, title, lines)
    click.secho("\nThe files are there:", bold=True)
    objects = folder / "var/objects"
    for path in sorted(
        path for path in objects.rglob("*") if path.is_file() and ".uploads" not in path.parts
    ):
        click.echo(f"  {path}")
    click.echo(f"\nThat took {time.monotonic() - began:.0f} s. `make run` starts the real thing.")


def _show(folder: Path, title: str, lines: Sequence[str]) -> None:
    """Run commands as a person would, and show what they print."""
    click.secho(f"\n{title}", bold=True)
    for line in lines:
        click.secho(f"  $ adjourn {line}", fg="cyan")
        _adjourn(folder, line)


def _await_dead_letter(folder: Path) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while not _told(folder, "dead-letters --json").stdout:
        if time.monotonic() > deadline:
            raise failed(f"Nothing failed that should have: {folder / 'adjourn.log'} may say why.")
        time.sleep(0.05)


def _empty_folder() -> Path:
    """What an earlier demo left there is removed."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    return FOLDER


def _set(folder: Path, settings: Sequence[str]) -> None:
    lines = (f"ADJOURN_PORT={_free_port()}", *settings)
    (folder / ".env").write_text("".join(f"{line}\n" for line in lines))


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@contextmanager
def _running(folder: Path) -> Iterator[None]:
    """`adjourn run`, from when it is ready until it has come to its orderly end."""
    port = (folder / ".env").read_text().partition("ADJOURN_PORT=")[2].split()[0]
    told = folder / "adjourn.log"
    click.secho(f"Starting Adjourn in {folder} (its log: {told}) …", bold=True)
    with told.open("wb") as stderr:
        program = subprocess.Popen(  # noqa: S603 our own program
            _line("run"), cwd=folder, env=environment_without_settings(), stderr=stderr
        )
    try:
        deadline = time.monotonic() + _READY_SECONDS
        while not _is_ready(f"http://127.0.0.1:{port}/readyz"):
            if program.poll() is not None or time.monotonic() > deadline:
                raise failed(f"Adjourn did not start: {told} says why.")
            time.sleep(0.05)
        yield
    finally:
        program.send_signal(signal.SIGTERM)
        program.wait()


def _is_ready(url: str) -> bool:
    try:
        with urlopen(url, timeout=1) as answer:  # noqa: S310 our own address
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _adjourn(folder: Path, arguments: str) -> None:
    ended = _told(folder, arguments)
    click.echo("".join(f"    {line}{os.linesep}" for line in ended.stdout.splitlines()), nl=False)
    if ended.returncode:
        raise failed(f"`adjourn {arguments}` failed; {folder / 'adjourn.log'} may say why.")


def _told(folder: Path, arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 our own program
        _line(arguments), cwd=folder, env=environment_without_settings(), stdout=subprocess.PIPE, text=True
    )


def _line(arguments: str) -> list[str]:
    return [sys.executable, "-m", "adjourn", *arguments.split()]
