"""`adjourn run`, `receive` and `consume`: what keeps running until it is stopped."""

from collections.abc import Sequence
from pathlib import Path

import click
import structlog

from adjourn import run as running
from adjourn.cli.output import failed, run_async, settings
from adjourn.first_start import first_start, own_url
from adjourn.senders.table import schemes_of
from adjourn.settings import Settings
from adjourn.wiring import consumers_of
from consumers.table import CONSUMERS, ON_REQUEST
from receiver.worker_metrics import WorkerMetrics

_NAMES = [consumer.name for consumer in (*CONSUMERS, *ON_REQUEST)]

log = structlog.get_logger()


_workers = click.option(
    "--workers", type=click.IntRange(1, 256), help="Processes that receive, instead of ADJOURN_WORKERS."
)


@click.command()
@_workers
def run(workers: int | None) -> None:
    """Receive webhooks and work on them, in one process.

    Ctrl-C or SIGTERM ends it in an orderly way, another one at once. The first start writes .env.
    """
    configured, welcome = first_start(settings(quiet=False))
    configured = _with(configured, workers=workers)
    consumers = consumers_of(configured)
    run_async(running.run(configured, consumers, lambda host, port: _ready(configured, port, welcome)))


@click.command()
@_workers
@click.option("--worker", hidden=True, help="The name of this one among several workers; they start it.")
@click.option("--port", type=int, hidden=True)
@click.option("--metrics-folder", type=click.Path(path_type=Path), hidden=True)
def receive(workers: int | None, worker: str | None, port: int | None, metrics_folder: Path | None) -> None:
    """Only receive webhooks."""
    configured = _with(settings(quiet=False), workers=workers, port=port)
    if worker is None or metrics_folder is None:
        run_async(running.receive(configured, lambda host, port: _ready(configured, port, "")))
        return
    structlog.contextvars.bind_contextvars(worker=worker)
    metrics = WorkerMetrics(metrics_folder, worker)
    run_async(running.receive_as_worker(configured, metrics, lambda *_: click.echo("ready")))


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...", type=click.Choice(_NAMES))
def consume(names: Sequence[str]) -> None:
    """Only work on what was received.

    NAME is a consumer, several can be given; all of them without one.
    """
    configured = settings(quiet=False)
    known = {consumer.name: consumer for consumer in consumers_of(configured)}
    if off := sorted(set(names) - known.keys()):
        raise failed(f"{', '.join(off)} is off: set ADJOURN_DELETE_UPSTREAM=after-verified to have it run.")
    run_async(running.consume(configured, [known[name] for name in names or known]))


def _with(configured: Settings, **changes: int | None) -> Settings:
    return configured.model_copy(update={name: value for name, value in changes.items() if value is not None})


def _ready(configured: Settings, port: int, welcome: str) -> None:
    if welcome:
        click.echo(welcome)
    senders = list(schemes_of(configured))
    if not senders:
        log.warning("no_secret_is_set", effect="every webhook is answered 404", mend="set one in .env")
    url = own_url(configured.model_copy(update={"port": port}))
    log.info("listening", url=f"{url}/webhooks/", senders=senders)
