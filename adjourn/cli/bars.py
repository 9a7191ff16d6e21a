"""Progress bars: on stderr where a person looks, nothing elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def bar_of_bytes(title: str, total: int, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """Told of bytes as they are done with, it shows how many of how many, how fast, and how long it takes.

    With `quiet` nothing is shown: where stdout is for programs and the same terminal.
    """
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(
        "{task.description}",
        *columns,
        console=Console(stderr=True),
        transient=True,
        disable=quiet or not sys.stderr.isatty(),
        redirect_stdout=False,
    ) as bar:
        task = bar.add_task(title, total=total)
        yield lambda count: bar.advance(task, count)


@contextmanager
def bar_of_records(title: str, total: int, *, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """Told how many more are done and how many failed, it shows both, how fast, and how long it takes.

    `quiet` as above.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TimeRemainingColumn

    done = failed = 0
    with Progress(
        "{task.description}",
        BarColumn(),
        MofNCompleteColumn(),
        "{task.fields[per_second]:,.0f}/s",
        "[green]{task.fields[done]} done[/]",
        "[red]{task.fields[failed]} failed[/]",
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=quiet or not sys.stderr.isatty(),
        redirect_stdout=False,
    ) as bar:
        task: TaskID = bar.add_task(title, total=total, done=0, failed=0, per_second=0.0)

        def update(more_done: int, more_failed: int) -> None:
            nonlocal done, failed
            done, failed = done + more_done, failed + more_failed
            speed = bar.tasks[0].speed or 0.0
            bar.update(task, completed=done + failed, done=done, failed=failed, per_second=speed)

        yield update if not bar.disable else lambda more_done, more_failed: None
