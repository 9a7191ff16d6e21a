"""Run components on this machine until Ctrl-C: `python -m infra.deploy.stack kafka s3 postgres`.

Their data lies in `var/`, a folder each, and outlives them. What is printed can be put into `.env` as it is.
"""

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_STOP: Final = {
    "kafka": (signal.SIGTERM, 30),
    # Told to stop, it is done at once, and then waits 15 s for connections between its own parts.
    "s3": (signal.SIGTERM, 2),
    # Told so, it does not wait until its clients have gone.
    "postgres": (signal.SIGINT, 30),
}
"""Which signal ends it in an orderly way, and for how many seconds that may take."""

_END_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Programs = Mapping[str, "subprocess.Popen[str]"]


def main() -> None:
    parser = argparse.ArgumentParser(description="Run components in the foreground.")
    parser.add_argument("names", nargs="+", choices=_STOP, metavar="NAME", help=", ".join(_STOP))
    parser.add_argument("--folder", type=Path, default=Path("var"), help="of their data (%(default)s)")
    parser.add_argument("--port", action="append", default=[], help="NAME=NUMBER, where another is wanted")
    options = parser.parse_args()
    ports = dict(wanted.split("=", 1) for wanted in options.port)
    for number in _END_SIGNALS:
        signal.signal(number, signal.default_int_handler)
    try:
        with _running(
            {name: _command(name, options.folder, ports.get(name)) for name in options.names}
        ) as all_:
            lines = [_lines(name, program) for name, program in all_.items()]
            print("# For .env, while this runs; Ctrl-C ends it:", *lines, sep="\n", flush=True)
            ended, _ = os.wait()
            name = next(name for name, program in all_.items() if program.pid == ended)
            raise SystemExit(f"{name} has ended: {options.folder / name / 'server.log'} says why.")
    except KeyboardInterrupt:
        return


def _command(name: str, folder: Path, port: str | None) -> list[str | Path]:
    command: list[str | Path] = [
        sys.executable,
        "-m",
        f"infra.deploy.{name}.start",
        "--folder",
        folder / name,
    ]
    if port:
        command += ["--port", port]
    return command


@contextmanager
def _running(commands: Mapping[str, list[str | Path]]) -> Iterator[Programs]:
    """All are started at once, out of reach of the terminal's Ctrl-C: we end them, each in its own way."""
    programs: dict[str, subprocess.Popen[str]] = {}
    try:
        for name, command in commands.items():
            programs[name] = subprocess.Popen(  # noqa: S603 our own words
                command, stdout=subprocess.PIPE, text=True, start_new_session=True
            )
        yield programs
    finally:
        for number in _END_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        _end(programs)


def _lines(name: str, program: "subprocess.Popen[str]") -> str:
    """What to put into `.env`, as soon as it answers."""
    assert program.stdout is not None
    if lines := program.stdout.read():
        return lines.rstrip()
    raise SystemExit(f"{name} did not start: the line above says why, or server.log in its folder.")


def _end(programs: Programs) -> None:
    for name, program in programs.items():
        if program.poll() is None:
            program.send_signal(_STOP[name][0])
    for name, program in programs.items():
        try:
            program.wait(_STOP[name][1])
        except subprocess.TimeoutExpired:
            program.kill()
            program.wait()


if __name__ == "__main__":
    main()
