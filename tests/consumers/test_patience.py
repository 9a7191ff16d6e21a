"""An outage is told of when it begins, when its reason changes and when it is over: not at every try."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from structlog.testing import capture_logs

from consumers.base import Services
from consumers.runner.patience import patiently
from infra.errors import LogUnavailable
from infra.eventlog.base import EventLog, Subscription
from schemas.envelope import Record
from tests.consumers.running import QUICK, append, opened_log, running, until_committed


@dataclass
class AwayAtFirst:
    """A log that cannot be read the first few times."""

    log: EventLog
    times: int

    def subscribe(self, *args: Any, **kwargs: Any) -> AbstractAsyncContextManager[Subscription]:
        if self.times:
            self.times -= 1
            raise LogUnavailable("no broker answers")
        return self.log.subscribe(*args, **kwargs)

    def __getattr__(self, name: str) -> object:
        return getattr(self.log, name)


async def test_what_repeats_itself_is_told_once() -> None:
    reasons = iter(["no broker answers", "no broker answers", "no leader", "no leader", ""])

    async def action() -> str:
        if reason := next(reasons):
            raise LogUnavailable(reason)
        return "done"

    with capture_logs() as logged:
        assert await patiently(action, QUICK, doing="bury") == "done"

    assert logged == [
        {"event": "waiting", "log_level": "warning", "doing": "bury", "error": "no broker answers"},
        {"event": "waiting", "log_level": "warning", "doing": "bury", "error": "no leader"},
        {"event": "waited", "log_level": "info", "doing": "bury"},
    ]


async def test_a_consumer_that_cannot_read_tells_so_once(tmp_path: Path) -> None:
    async def handle(record: Record, services: Services) -> tuple[()]:
        return ()

    async with opened_log(tmp_path) as log:
        await append(log, "e1", "m1")
        with capture_logs() as logged:
            async with running(cast(EventLog, AwayAtFirst(log, times=5)), handle):
                await until_committed(log, "recordings")

    assert [line["event"] for line in logged] == ["waiting", "waited", "handled"]
