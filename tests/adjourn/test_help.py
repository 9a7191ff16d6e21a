"""The command line explains itself, and quickly."""

import importlib
import subprocess
import sys
from pathlib import Path

import click
import pytest

from adjourn.cli import COMMANDS
from tests.adjourn.program import Program

HEAVY = {
    "sqlalchemy",
    "aiohttp",
    "starlette",
    "uvicorn",
    "pydantic",
    "rich",
    "structlog",
    "uvloop",
    "asyncio",
}


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "adjourn", "--help"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "click" in imported
    assert not imported & HEAVY


def test_settings_import_nothing_that_only_reads_and_asks_senders() -> None:
    code = "import sys, adjourn.settings; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    imported = set(done.stdout.split())
    assert "adjourn" in imported
    assert not imported & {"schemas", "consumers", "aiohttp", "starlette", "sqlalchemy", "cryptography"}


def test_help_lists_every_command(tmp_path: Path) -> None:
    done = Program(tmp_path).run("--help")
    assert done.returncode == 0
    for name, entry in COMMANDS.items():
        assert f"  {name} " in done.stdout
        assert entry.summary in done.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_says_of_itself_what_the_list_says(name: str) -> None:
    module, _, attribute = COMMANDS[name].place.partition(":")
    command: click.Command = getattr(importlib.import_module(module), attribute)
    assert (command.help or "").splitlines()[0] == COMMANDS[name].summary


@pytest.mark.parametrize(
    "arguments",
    [
        ("no-such-command",),
        ("tail", "no-such-topic"),
        ("consume", "no-such-one"),
        ("send", "bot.completed"),
    ],
)
def test_wrong_usage_exits_2_and_says_why(arguments: tuple[str, ...], tmp_path: Path) -> None:
    done = Program(tmp_path).run(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Error: " in done.stderr
    assert "Traceback" not in done.stderr
