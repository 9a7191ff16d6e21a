"""The program `adjourn`. Exit codes: 0 done, 1 failed with a sentence that says what to do, 2 wrong usage."""

import os
import sys

import click

from adjourn.cli import program


def main() -> None:
    sys.exit(_run())


def _run() -> int:
    try:
        code = program(prog_name="adjourn", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader (`| head`) has had enough. Python flushes once more at the end: give it somewhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return 1
    return code if isinstance(code, int) else 0


if __name__ == "__main__":
    main()
