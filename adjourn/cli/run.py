"""`adjourn run`, `receive` and `consume`: what keeps running until it is stopped."""

from collections.abc import Sequence

import click
import structlog

from adjourn import run as running
from adjourn.cli.output import run_async, settings
from adjourn.first_start import first_start, webhook_url
from adjourn.settings import Settings
from consumers.table import CONSUMERS

_NAMES = [consumer.name for consumer in CONSUMERS]

log = structlog.get_logger()


@click.command()
def run() -> None:
    """Receive webhooks and work on them, in one process.

    Ctrl-C or SIGTERM ends it in an orderly way, another one at once. The first start writes .env.
    """
    configured, welcome = first_start(settings(quiet=False))
    run_async(running.run(configured, CONSUMERS, lambda host, port: _ready(configured, port, welcome)))


@click.command()
def receive() -> None:
    """Only receive webhooks."""
    configured = settings(quiet=False)
    run_async(running.receive(configured, lambda host, port: _ready(configured, port, "")))


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...", type=click.Choice(_NAMES))
def consume(names: Sequence[str]) -> None:
    """Only work on what was received.

    NAME is a consumer, several can be given; all of them without one.
    """
    chosen = [consumer for consumer in CONSUMERS if not names or consumer.name in names]
    run_async(running.consume(settings(quiet=False), chosen))


def _ready(configured: Settings, port: int, welcome: str) -> None:
    if welcome:
        click.echo(welcome)
    if not configured.has_secrets:
        log.warning("no_secret_is_set", effect="every webhook is answered 404", mend="set one in .env")
    log.info("listening", url=webhook_url(configured.model_copy(update={"port": port})))
