"""A real server program in a folder of its own, which tests may stop, freeze and kill."""

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol, Self

import psutil

ROOT: Final = Path(__file__).resolve().parents[2]

PORTS: Final = 10
"""What each server gets: more than any needs."""
_STEADY_PORTS: Final = range(20_000, 30_000, PORTS)
"""Below those that the system gives to outgoing connections: one of them could take the port of a server that
is stopped for a while, even the very client that waits for it."""
_GUARD: Final = 'read _; kill -s KILL -- "-$0"; rm -rf "$1"'
"""Waits for the end of its input, which comes when the tests are gone, however they went."""


class NotHere(Exception):
    """The component cannot be had on this machine; the sentence says what to install."""


class Server(Protocol):
    """Its ports and its data stay from one start to the next."""

    port: int
    folder: Path
    _script: str
    _options: Sequence[str]
    _stop_signal: signal.Signals
    _stop_seconds: float
    _claim: socket.socket
    _program: subprocess.Popen[str] | None = None
    _guard: subprocess.Popen[bytes] | None = None

    def __init__(
        self,
        script: str,
        options: Sequence[str] = (),
        *,
        stop_signal: signal.Signals = signal.SIGTERM,
        stop_seconds: float = 15,
    ) -> None:
        """`script` is the folder of its start script under `infra/deploy`."""
        self._script, self._options = script, options
        self._stop_signal, self._stop_seconds = stop_signal, stop_seconds
        self.port, self._claim = claim_ports()
        self.folder = Path(tempfile.mkdtemp(prefix=f"adjourn-{script}-"))

    def __enter__(self) -> Self:
        """It is not started yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is left of it."""
        if self._program is not None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
        self._claim.close()

    def start(self) -> None:
        """Returns when it answers. Raises `NotHere`; an assertion fails when it does not come up."""
        self.begin()
        self.await_answer()

    def begin(self) -> None:
        """The first half of `start`, for those who begin several at once."""
        assert self._program is None, f"{self._script} is running"
        module = f"infra.deploy.{self._script}.start"
        self.folder.mkdir(exist_ok=True)
        with self._said.open("w") as said:
            self._program = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    module,
                    f"--folder={self.folder}",
                    f"--port={self.port}",
                    *self._options,
                ],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
                start_new_session=True,
            )
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD, str(self._program.pid), self.folder],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )

    def await_answer(self) -> None:
        program = self._running()
        assert program.stdout is not None
        with program.stdout as told:
            if told.read():
                return
        said = self._said.read_text()
        log = self.folder / "server.log"
        last_words = log.read_text()[-2000:] if log.exists() else ""
        self.kill()
        if program.returncode == os.EX_UNAVAILABLE:
            raise NotHere(said.strip())
        raise AssertionError(f"{self._script} did not come up: {said}{last_words}")

    def stop(self) -> None:
        """As a supervisor would: a signal, some patience, and no more."""
        program = self._running()
        program.send_signal(self._stop_signal)
        with suppress(subprocess.TimeoutExpired):
            program.wait(self._stop_seconds)
        self.kill()

    def kill(self) -> None:
        """SIGKILL, to it and to all that it has started; returns when they are gone."""
        program, guard = self._running(), self._guard
        family = self._family()
        for member in family:
            _signal(member, signal.SIGKILL)
        program.wait()
        if program.stdout is not None:
            program.stdout.close()  # it may have died before anybody listened
        while not all(map(_is_gone, family)):
            time.sleep(0.01)
        self._program = None
        if guard is not None and guard.stdin is not None:
            guard.kill()
            guard.stdin.close()
            guard.wait()

    def freeze(self) -> None:
        """Connections stay open and nobody answers."""
        for member in self._family():
            _signal(member, signal.SIGSTOP)

    def thaw(self) -> None:
        for member in self._family():
            _signal(member, signal.SIGCONT)

    def wipe(self) -> None:
        """All that it stored is gone, as after a new disk. It must be stopped."""
        assert self._program is None, f"{self._script} is running"
        shutil.rmtree(self.folder)

    @property
    def _said(self) -> Path:
        return self.folder / "start.log"

    def _running(self) -> subprocess.Popen[str]:
        assert self._program is not None, f"{self._script} is not running"
        return self._program

    def _family(self) -> list[psutil.Process]:
        """It first, so that it cannot start others while they are counted out."""
        try:
            parent = psutil.Process(self._running().pid)
            return [parent, *parent.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []


def _signal(member: psutil.Process, number: signal.Signals) -> None:
    with suppress(psutil.NoSuchProcess):
        member.send_signal(number)


def _is_gone(member: psutil.Process) -> bool:
    """Dead is enough: who buries an orphan may take a second for it."""
    try:
        return not member.is_running() or member.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def claim_ports() -> tuple[int, socket.socket]:
    """The first of ten free ports, and the last of them, held for as long as nobody else shall have them."""
    for first in random.sample(_STEADY_PORTS, len(_STEADY_PORTS)):
        claim = socket.socket()
        try:
            claim.bind(("127.0.0.1", first + PORTS - 1))
            claim.listen()
            for port in range(first, first + PORTS - 1):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            claim.close()
        else:
            return first, claim
    raise AssertionError("no free ports are left on this machine")
