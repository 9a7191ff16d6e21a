"""One line an event, on stderr, our own or a library's: coloured on a terminal, JSON everywhere else."""

import logging
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import TextIO, cast

# structlog imports rich, and that Pygments, for tracebacks that we print plainly: 5 MB and 0.1 s a start.
_without_rich = "rich" not in sys.modules
if _without_rich:
    sys.modules["rich"] = None  # type: ignore[assignment]
import structlog  # noqa: E402
from structlog.typing import Processor  # noqa: E402

if _without_rich:
    del sys.modules["rich"]

_NOISY = (
    "aiosqlite",
    "alembic",
    "asyncio",
    "boto3",
    "botocore",
    "httpx2",
    "sqlalchemy",
    "urllib3",
    "uvicorn",
)
"""Libraries that tell of every step at INFO."""


def set_up_logging(level: str, stream: TextIO = sys.stderr) -> None:
    """Send events of structlog and `logging` to `stream`, from `level` on. May be called again."""
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True)
        if not stream.isatty()
        else structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False),
        structlog.processors.StackInfoRenderer(),
    ]
    rendered: list[Processor] = _for_people() if stream.isatty() else _for_programs()
    structlog.configure(
        processors=[*shared, *rendered],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(cast(TextIO, _Telling(stream))),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendered],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(number)
    for name in _NOISY:
        logging.getLogger(name).setLevel(max(number, logging.WARNING))
    # While a broker is away it tells of every try, ten a second; our own errors carry the reason.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    logging.captureWarnings(True)


@dataclass(frozen=True)
class _Telling:
    """A stream that may be gone, or full: work goes on when nobody can be told of it."""

    stream: TextIO

    def write(self, text: str) -> None:
        with suppress(OSError):
            self.stream.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            self.stream.flush()


def _for_people() -> list[Processor]:
    return [
        structlog.dev.ConsoleRenderer(
            colors=True, exception_formatter=structlog.dev.plain_traceback, pad_event_to=24
        )
    ]


def _for_programs() -> list[Processor]:
    return [
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(default=str, ensure_ascii=False),
    ]
