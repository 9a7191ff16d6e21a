"""The program `adjourn`. Exit codes: 0 done, 1 failed with a sentence that says what to do, 2 wrong usage."""

import io
import os
import sys

import click

from adjourn.cli import program


def main() -> None:
    if isinstance(sys.stdout, io.TextIOWrapper):
        # What came from outside may hold half a surrogate pair: this writes it as JSON's own escape for it.
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    sys.exit(_run(sys.argv[1:]))


def _run(arguments: list[str]) -> int:
    try:
        # Not `program.main()`, for which a reader that goes away is a failure.
        with program.make_context("adjourn", arguments) as context:
            program.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return 1
    except BrokenPipeError:
        # The reader (`| head`) has had enough. Python flushes once more at the end: give it somewhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


if __name__ == "__main__":
    main()
