"""`adjourn tail`: the records of a topic, a line each; their bodies only by `--json`."""

import base64
from contextlib import suppress
from datetime import UTC, datetime

import click

from adjourn.cli.output import json_option, print_json, run_async, settings, size, visible
from adjourn.event_log import existing_log
from infra.eventlog.base import Start
from schemas.envelope import Record
from schemas.topics import DEAD_LETTERS, EVENTS, TOPICS, WEBHOOKS

_SHORT = {"webhooks": WEBHOOKS, "events": EVENTS, "dead-letters": DEAD_LETTERS}


@click.command()
@click.argument("topic", type=click.Choice([*_SHORT, *TOPICS]), metavar="TOPIC")
@click.option("--follow", "-f", is_flag=True, help="Go on with what comes, until Ctrl-C.")
@click.option(
    "--from", "start", type=click.Choice(["earliest", "latest"]), default="earliest", show_default=True
)
@json_option
def tail(topic: str, follow: bool, start: Start, as_json: bool) -> None:
    """Print the records of a topic.

    TOPIC is webhooks, events or dead-letters. A line each: when it was kept, type, meeting, id, size.
    With --json also headers and body, in base64.
    """
    with suppress(KeyboardInterrupt):  # how following ends
        run_async(_tail(_SHORT.get(topic, topic), follow, start, as_json))


async def _tail(topic: str, follow: bool, start: Start, as_json: bool) -> None:
    async with existing_log(settings()) as log:
        async for record in log.scan(topic, start=start, follow=follow):
            if as_json:
                print_json(_full(record))
            else:
                click.echo(_line(record))


def _full(record: Record) -> dict[str, object]:
    return {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "key": record.key,
        "time": _time(record).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "headers": dict(record.headers),
        "value": base64.b64encode(record.value).decode(),
    }


def _line(record: Record) -> str:
    when = _time(record).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    words = (f"{record.type:<34}", f"{record.key:<36}", f"{record.id:<32}", f"{size(len(record.value)):>8}")
    return "  ".join([when, *(visible(word) for word in words)])


def _time(record: Record) -> datetime:
    return datetime.fromtimestamp(record.time_ms / 1000, UTC)
