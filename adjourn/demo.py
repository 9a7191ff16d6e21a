"""`adjourn demo`: the whole way once, by the real program in a folder of its own, on a real recording."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.error import URLError
from urllib.request import urlopen

import click

from adjourn.cli.output import failed
from adjourn.settings import environment_without_settings

_FOLDER: Final = Path("var/demo")
_READY_SECONDS: Final = 15
_MEETING: Final = "7d1c0f52-5b0e-4f0a-9a58-2f6f3f1f7c11"
"""Of the samples of v1."""

_SENDING: Final = (
    ("The bot joins, is let in, records, leaves; each status is a webhook of its own (v1):", [
        "send webhook-v1/bot.status_change.joining_call",
        "send webhook-v1/bot.status_change.in_call_recording",
        "send webhook-v1/bot.status_change.call_ended",
    ]),
    ("The recording is ready. Its links are followed, its files stored, its transcript read:", [
        "send --media webhook-v1/complete",
    ]),
    ("Another meeting, sent by v2 with a signature, its transcript behind a link too:", [
        "send --media webhook-v2/bot.completed",
    ]),
)  # fmt: skip
_LOOKING: Final = (
    ("What is known now:", ["meetings", f"meeting {_MEETING}"]),
    ("What was said, and where:", [f"transcript {_MEETING}", "search invitations today"]),
    ("Is every file still what it was when it was stored:", ["verify"]),
)


@click.command()
def command() -> None:
    """Watch the whole way once, on a real recording.

    Starts Adjourn in var/demo with secrets and a port of its own, and sends it the documented sample events,
    signed as Meeting BaaS signs them.
    """
    began = time.monotonic()
    folder = _empty_folder()
    with _running(folder):
        for title, lines in (*_SENDING, *_LOOKING):
            click.secho(f"\n{title}", bold=True)
            for line in lines:
                click.secho(f"  $ adjourn {line}", fg="cyan")
                _adjourn(folder, line)
    click.secho("\nThe files are there:", bold=True)
    objects = folder / "var/objects"
    for path in sorted(
        path for path in objects.rglob("*") if path.is_file() and ".uploads" not in path.parts
    ):
        click.echo(f"  {path}")
    click.echo(f"\nThat took {time.monotonic() - began:.0f} s. `make run` starts the real thing.")


def _empty_folder() -> Path:
    """With settings of its own. What an earlier demo left there is removed."""
    shutil.rmtree(_FOLDER, ignore_errors=True)
    _FOLDER.mkdir(parents=True)
    (_FOLDER / ".env").write_text(
        f"ADJOURN_PORT={_free_port()}\n"
        f"ADJOURN_MEETING_BAAS_API_KEYS={secrets.token_hex(16)}\n"
        f"ADJOURN_MEETING_BAAS_SVIX_SECRETS=whsec_{secrets.token_hex(16)}\n"
        f"ADJOURN_MEETING_BAAS_CALLBACK_SECRETS={secrets.token_hex(16)}\n"
        "ADJOURN_DOWNLOAD_ALLOW=127.0.0.1\n"
    )
    return _FOLDER


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
    """Run a command as a person would, and show what it prints."""
    ended = subprocess.run(  # noqa: S603 our own program
        _line(arguments), cwd=folder, env=environment_without_settings(), stdout=subprocess.PIPE, text=True
    )
    click.echo("".join(f"    {line}{os.linesep}" for line in ended.stdout.splitlines()), nl=False)
    if ended.returncode:
        raise failed(f"`adjourn {arguments}` failed; {folder / 'adjourn.log'} may say why.")


def _line(arguments: str) -> list[str]:
    return [sys.executable, "-m", "adjourn", *arguments.split()]
