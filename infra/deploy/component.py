"""What the start scripts share: a script becomes its component, and tells how to reach it once it answers.

Only the standard library, and nothing of Adjourn: these are programs, never imported by it.
"""

import argparse
import os
import pwd
import select
import socket
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NoReturn

_TRY_EVERY_SECONDS: Final = 0.02
_GIVE_UP_SECONDS: Final = 60

Answers = Callable[[int], bool]
"""Whether what listens on this port is ready to work; may raise `OSError` for no."""


def arguments(what: str, *, port: int) -> argparse.ArgumentParser:
    """The options that every start script has."""
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument("--folder", type=Path, required=True, help="where its data lies; made when missing")
    parser.add_argument("--port", type=int, default=port, help="the first of its ports (%(default)s)")
    return parser


def parsed(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """With the folder made, and the port free: or else whoever sits there would answer in our place."""
    options = parser.parse_args()
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", options.port))
        except OSError as error:
            raise SystemExit(f"Port {options.port} is taken: choose another with --port.") from error
    options.folder = options.folder.resolve()
    options.folder.mkdir(parents=True, exist_ok=True)
    return options


def become(
    command: Sequence[str | Path],
    *,
    log_file: Path,
    port: int,
    answers: Answers,
    lines: Sequence[str],
    user: pwd.struct_passwd | None = None,
) -> NoReturn:
    """Replace this program by `command`, so that signals reach the component itself.

    Its output goes to `log_file`. Our standard output gets `lines` once it answers, and then its end; only
    the end when the component dies before. `user` runs it, where that must be another.
    """
    gone, alive = os.pipe()
    os.set_inheritable(alive, True)
    if _fork_away():
        os.close(alive)
        if _answers_in_time(gone, port, answers):
            print("\n".join(lines), flush=True)
        os._exit(0)
    output = os.open(log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    sys.stdout.flush()
    for standard in (1, 2):
        os.dup2(output, standard)
    if user is not None:
        os.setgroups([])
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)
    os.execvp(command[0], [str(part) for part in command])  # noqa: S606 no shell is wanted


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=5)


def not_here(sentence: str) -> NoReturn:
    """End, because a program is missing on this machine; the sentence says what to install."""
    print(sentence, file=sys.stderr)
    raise SystemExit(os.EX_UNAVAILABLE)


def _fork_away() -> bool:
    """True in a new process that is nobody's child: a component might wait for children it does not know."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return False
    if os.fork():
        os._exit(0)
    return True


def _answers_in_time(gone: int, port: int, answers: Answers) -> bool:
    deadline = time.monotonic() + _GIVE_UP_SECONDS
    while time.monotonic() < deadline:
        if select.select([gone], [], [], _TRY_EVERY_SECONDS)[0]:
            return False
        try:
            if answers(port):
                return True
        except OSError:
            continue
    return False
