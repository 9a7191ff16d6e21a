"""`adjourn forget ID`: removes a meeting, and keeps what comes of it later out."""

import sys
from dataclasses import asdict

import click

from adjourn.asking import existing_database
from adjourn.cli.lookup import only_key
from adjourn.cli.output import (
    failed,
    from_ms,
    json_option,
    local_time,
    print_json,
    rfc3339,
    run_async,
    settings,
    size,
    visible,
)
from adjourn.event_log import existing_log
from adjourn.objects import objects_of
from adjourn.places import require_existing
from adjourn.settings import Settings
from consumers.folders import folder_of
from consumers.forget import Removed
from consumers.forget import forget as forget_meeting
from infra.database.holdings import Key


@click.command()
@click.argument("meeting_id", metavar="ID")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def forget(meeting_id: str, yes: bool, as_json: bool) -> None:
    """Remove a meeting: its files, and all that is known of it.

    ID is the meeting's id, or PROVIDER/ID where two providers share one. What comes of it later is not kept.
    It may run beside `adjourn run`, and be repeated: do so when it was stopped on its way.
    """
    configured = settings()
    key, objects, bytes_held = run_async(_what_is_there(configured, meeting_id))
    if not yes:
        _ask(key, f"{_counted(objects, 'file')} ({size(bytes_held)})")
    removed = run_async(_forget(configured, key))
    if as_json:
        _print_object(key, removed)
    else:
        _print_words(key, removed, configured)


async def _what_is_there(configured: Settings, wanted: str) -> tuple[Key, int, int]:
    """Which meeting is meant, how many objects it has, and their bytes."""
    require_existing(configured.log_url)
    require_existing(configured.objects_url)
    async with existing_database(configured) as database, database.reading() as tx:
        key = await only_key(tx, wanted)
    sizes = [stored.size async for stored in objects_of(configured).list(folder_of(key))]
    return key, len(sizes), sum(sizes)


def _ask(key: Key, what: str) -> None:
    if not sys.stdin.isatty():
        raise failed(f"Nobody is here to be asked whether {_name(key)} is to be forgotten: add --yes.")
    question = f"Forget {_name(key)}, {what} and all that is known of it? It cannot be had back."
    if not click.confirm(question, err=True):
        raise failed("Nothing was forgotten.")


async def _forget(configured: Settings, key: Key) -> Removed:
    async with existing_log(configured) as log, existing_database(configured) as database:
        return await forget_meeting(key, objects=objects_of(configured), database=database, log=log)


def _print_object(key: Key, removed: Removed) -> None:
    known = asdict(removed)
    at = rfc3339(from_ms(known.pop("forgotten_ms")))
    print_json({"provider": key[0], "meeting_id": key[1], "forgotten_at": at, **known})


def _print_words(key: Key, removed: Removed, configured: Settings) -> None:
    gone = [f"{_counted(removed.objects, 'file')} ({size(removed.size)})"]
    if removed.downloads:
        gone.append(f"{removed.downloads} on their way")
    gone.append(f"{_counted(removed.events, 'event')} of its timeline")
    click.echo(
        f"{_name(key)} is forgotten since {local_time(from_ms(removed.forgotten_ms))}. Removed: "
        f"{', '.join(gone)}, and all else that was known of it. What comes of it from now on is not kept."
    )
    click.echo(
        "What stays: its webhooks in the log, also those in dead letters, until they are "
        f"{configured.retention_days:g} days old; that it was forgotten, and when; and what its provider has."
    )


def _name(key: Key) -> str:
    return visible("/".join(key))


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
