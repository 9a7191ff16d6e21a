"""The real program, run as people run it, in a folder of its own."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from tests.ports import free_port

T = TypeVar("T")

API_KEY = "key-of-the-tests"
SVIX_SECRET = "whsec_dGhlIHNlY3JldCBvZiB0aGUgdGVzdHM="
DEADLINE_SECONDS = 20
NOBODY = "http://127.0.0.1:1"
"""No test asks the real provider."""


@dataclass(frozen=True)
class Program:
    """`settings` are variables of its environment; nothing else of ours is in it. A command is done, and a
    receiver ready, within `deadline_seconds`."""

    folder: Path
    port: int = field(default_factory=free_port)
    settings: dict[str, str] = field(default_factory=dict)
    deadline_seconds: float = DEADLINE_SECONDS

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environment(self) -> dict[str, str]:
        ours = {
            "PATH": os.environ["PATH"],
            "ADJOURN_PORT": str(self.port),
            "ADJOURN_MEETING_BAAS_API_URL": NOBODY,
        }
        return ours | self.settings

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "adjourn", *arguments]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=self.deadline_seconds,
            check=False,
        )

    def json(self, *arguments: str) -> list[dict[str, Any]]:
        """What a command prints with `--json`; it must have worked."""
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def post(self, body: bytes) -> str:
        """What the receiver says that it did with a v1 webhook: `accepted` or `quarantined`."""
        request = urllib.request.Request(
            f"{self.url}/webhooks/meeting-baas", data=body, headers={"x-meeting-baas-api-key": API_KEY}
        )
        with urllib.request.urlopen(request, timeout=DEADLINE_SECONDS) as answer:
            return str(json.load(answer)["status"])

    def popen(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @contextmanager
    def running(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """`adjourn run`, or another command that receives, from when it is ready; ended by SIGTERM."""
        process = self.popen(*(arguments or ("run",)))
        try:
            eventually(lambda: self.is_ready(process), "ready", self.deadline_seconds)
            yield process
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.communicate(timeout=self.deadline_seconds)
        finally:
            if process.poll() is None:
                process.kill()
                process.communicate()

    def is_ready(self, process: subprocess.Popen[str]) -> bool:
        if process.poll() is not None:
            raise AssertionError(f"it ended with {process.returncode}: {process.communicate()}")
        return status_of(f"{self.url}/readyz") == 200


def status_of(url: str) -> int | None:
    """The status that is answered to a GET; null where nobody listens."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code
    except OSError:
        return None


def eventually(condition: Callable[[], T | None], what: str, seconds: float = DEADLINE_SECONDS) -> T:
    """The first true answer of `condition`; an assertion fails when there is none in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := condition():
            return answer
        time.sleep(0.05)
    raise AssertionError(f"not {what} within {seconds} s")
