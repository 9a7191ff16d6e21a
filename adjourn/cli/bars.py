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
