"""Watching a meeting until it has what an event promised."""

import asyncio
import time
from typing import Final

import click

from adjourn.asking import existing_database
from adjourn.cli.output import failed, print_json, size, visible
from adjourn.sending import Promise
from adjourn.settings import Settings
from infra.database.engine import Database
from infra.database.failures import open_failures_of
from infra.database.meetings import find_meetings
from schemas.manifest import Artifact

_WAIT_SECONDS: Final = 60
_POLL_SECONDS: Final = 0.1


async def arrival_of(promise: Promise, configured: Settings, began_ms: float, as_json: bool) -> None:
    """Until the meeting has what the event promises; each file is told of when it is there.

    What failed before `began_ms` (milliseconds since 1970 UTC) is not this event's.
    """
    async with existing_database(configured) as database:
        await _wait(promise, database, began_ms, as_json)


async def _wait(promise: Promise, database: Database, began_ms: float, as_json: bool) -> None:
    told: set[str] = set()
    deadline = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < deadline:
        async with database.reading() as tx:
            found = await find_meetings(tx, promise.meeting_id, promise.provider)
            failures = await open_failures_of(tx, promise.provider, promise.meeting_id)
        stored = found[0].artifacts if found else ()
        for artifact in stored:
            if artifact.name not in told:
                _tell(artifact, as_json)
                told.add(artifact.name)
        if found and promise.kinds <= {artifact.kind for artifact in stored}:
            if not as_json:
                click.echo(f"All is there: adjourn meeting {promise.meeting_id}")
            return
        if failures and failures[-1].failed_ms >= began_ms:
            raise failed(f"{failures[-1].consumer} failed: {visible(failures[-1].error)}")
        await asyncio.sleep(_POLL_SECONDS)
    raise failed(
        f"After {_WAIT_SECONDS} s this meeting does not have all that the event promises: see what "
        f"`adjourn run` says, and `adjourn meeting {promise.meeting_id}`."
    )


def _tell(artifact: Artifact, as_json: bool) -> None:
    if as_json:
        print_json(artifact.model_dump(mode="json"))
    else:
        click.echo(f"  {artifact.name:<24}{size(artifact.size):>10}")
