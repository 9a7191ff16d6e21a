"""Receiver and consumers as tasks of one loop, from start to an orderly end."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import Any, Final

import structlog

from adjourn.event_log import opened_log, prepare_log
from adjourn.reconciling import keep_reconciled
from adjourn.senders.table import schemes_of
from adjourn.sentences import sentence
from adjourn.settings import Settings
from adjourn.sweeping import keep_swept
from adjourn.wiring import Parts, opened, prepare, remembered_in
from adjourn.workers import receive_in_workers, until_parent_ends
from consumers.base import Consumer
from consumers.runner.policy import BurialStreak, Limits, RetryPolicy
from consumers.runner.run import run as run_consumer
from consumers.runner.supervise import supervise
from infra.errors import Halt, Retryable
from infra.eventlog.base import EventLog
from receiver.admission import entered
from receiver.app import create_app
from receiver.pages import own_metrics
from receiver.serve import serve
from receiver.worker_metrics import WorkerMetrics

Ready = Callable[[str, int], None]
"""Told the host and port once a sender can connect."""

_RESTART_AFTER_SECONDS: Final = 30
_PROBE_SECONDS: Final = 1
_SAME_WISH_SECONDS: Final = 1
_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)

log = structlog.get_logger()


async def run(settings: Settings, consumers: Sequence[Consumer], ready: Ready) -> None:
    """Receive and consume until a signal comes. A consumer that halts is started again; receiving goes on.

    Raises `Halt` or `LogUnavailable` when it cannot start.
    """
    async with opened(settings, spooled=True) as parts:
        await prepare(settings, parts)
        halted: dict[str, str] = {}
        await _until_stopped(
            partial(receive_in_workers, settings, ready)
            if settings.workers > 1
            else partial(_receive, settings, parts.log, ready, partial(_degraded, parts, halted)),
            partial(_consume, settings, parts, consumers, halted, _RESTART_AFTER_SECONDS),
            partial(keep_swept, parts.services),
            partial(keep_reconciled, parts, settings.reconcile_minutes),
        )


async def receive(settings: Settings, ready: Ready) -> None:
    """Only receive, until a signal comes. Raises as `run` does."""
    async with opened_log(settings, spooled=True) as event_log:
        await prepare_log(settings, event_log)
        await _until_stopped(
            partial(receive_in_workers, settings, ready)
            if settings.workers > 1
            else partial(_receive, settings, event_log, ready, event_log.degraded)
        )


async def receive_as_worker(settings: Settings, metrics: WorkerMetrics, ready: Ready) -> None:
    """Receive beside other workers at one port, until a signal comes or whoever started us is gone."""
    async with opened_log(settings, spooled=True) as event_log:
        await _until_stopped(
            partial(_receive, settings, event_log, ready, event_log.degraded, worker_metrics=metrics),
            metrics.publish,
            until_parent_ends,
        )


async def consume(settings: Settings, consumers: Sequence[Consumer]) -> None:
    """Only consume, until a signal comes or a consumer halts: that `Halt` is raised, after an orderly end."""
    async with opened(settings) as parts:
        await prepare(settings, parts)
        await _until_stopped(
            partial(_consume, settings, parts, consumers, {}, None),
            partial(keep_swept, parts.services),
            partial(keep_reconciled, parts, settings.reconcile_minutes),
        )


async def _receive(
    settings: Settings,
    event_log: EventLog,
    ready: Ready,
    degraded: Callable[[], Awaitable[Mapping[str, str]]],
    stop: asyncio.Event,
    worker_metrics: WorkerMetrics | None = None,
) -> None:
    beside_others = worker_metrics is not None
    async with entered(schemes_of(settings)) as schemes:
        app = create_app(
            log=event_log,
            schemes=schemes,
            max_body_bytes=settings.body_limit_bytes,
            degraded=degraded,
            metrics=own_metrics if worker_metrics is None else worker_metrics.page,
        )
        await serve(
            app, host=settings.host, port=settings.port, ready=ready, stop=stop, beside_others=beside_others
        )


async def _consume(
    settings: Settings,
    parts: Parts,
    consumers: Sequence[Consumer],
    halted: dict[str, str],
    restart_after_seconds: float | None,
    stop: asyncio.Event,
) -> None:
    async def start(consumer: Consumer, streak: BurialStreak) -> None:
        await run_consumer(
            consumer,
            log=parts.log,
            services=parts.services,
            remember=remembered_in(parts.services.database, consumer.name),
            stop=stop,
            policy=RetryPolicy(),
            limits=Limits(concurrency=settings.concurrency),
            streak=streak,
        )

    await supervise(consumers, start, stop=stop, halted=halted, restart_after_seconds=restart_after_seconds)


async def _until_stopped(*tasks: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> None:
    """Run all until a signal comes or one of them ends; the others then come to their orderly end.

    Another signal, more than a second later, ends the program at once: nothing that was answered or committed
    is lost by that. Within that second it is the same wish, told twice: to us and to our process group.
    """
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def on_signal(number: signal.Signals) -> None:
        if stop.is_set():
            return
        stop.set()
        log.info("stopping", signal=number.name)
        loop.call_later(_SAME_WISH_SECONDS, end_at_once_from_now_on)

    def end_at_once_from_now_on() -> None:
        for each in _SIGNALS:
            loop.remove_signal_handler(each)
            signal.signal(each, signal.SIG_DFL)

    async def to_its_end(task: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> None:
        try:
            await task(stop)
        finally:
            stop.set()

    for each in _SIGNALS:
        loop.add_signal_handler(each, on_signal, each)
    ends = await asyncio.gather(*map(to_its_end, tasks), return_exceptions=True)
    for end in ends:
        if end is not None:
            raise end
    log.info("stopped")


async def _degraded(parts: Parts, halted: Mapping[str, str]) -> Mapping[str, str]:
    """What is away although events are accepted, a sentence for each part."""
    probes = {"objects": parts.services.objects.probe, "database": parts.services.database.probe}
    reasons = await asyncio.gather(*(_trouble(probe) for probe in probes.values()))
    away = {name: reason for name, reason in zip(probes, reasons, strict=True) if reason}
    consumers = {f"consumer {name}": reason for name, reason in halted.items()}
    return {**await parts.log.degraded(), **away, **consumers}


async def _trouble(probe: Callable[[], Awaitable[None]]) -> str:
    try:
        async with asyncio.timeout(_PROBE_SECONDS):
            await probe()
    except (Halt, Retryable) as error:
        return sentence(error)
    except TimeoutError:
        return f"No answer within {_PROBE_SECONDS} s."
    except Exception as error:
        return f"It fails in a way that nobody foresaw: {type(error).__name__}."
    return ""
