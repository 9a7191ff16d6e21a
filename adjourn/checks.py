"""Is everything as it should be? Each check answers in a whole sentence, of what is well or of what to do."""

import json
import shutil
import socket
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy.exc import DBAPIError

from adjourn.asking import existing_database
from adjourn.event_log import existing_log, opened_log
from adjourn.first_start import own_url
from adjourn.objects import objects_of
from adjourn.places import embedded, require_existing, shown
from adjourn.senders.table import apis_of, schemes_of
from adjourn.sentences import sentence
from adjourn.settings import Settings
from adjourn.wiring import consumers_of
from consumers.sweep import sweep as sweep_up
from infra.database.meetings import list_meetings
from infra.errors import Halt, LogUnavailable, Retryable
from receiver.admission import entered

_FREE_BYTES: Final = 1_000_000_000
_ANSWER_SECONDS: Final = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """`text` is a sentence; where `well` is false it says what to do."""

    part: str
    well: bool
    text: str


async def check_everything(settings: Settings, *, sweep: bool = False) -> AsyncIterator[Finding]:
    """Changes nothing, beyond what proves that something can be written.

    With `sweep` it removes what killed processes left (see `consumers/sweep.py`).
    """
    log = await _finding("log", _log, settings)
    yield log
    if embedded(settings.log_url) is None:
        yield await _finding("spool", _spool, settings)
    backlog = await _finding("backlog", _backlog, settings)
    if backlog.text != log.text:
        yield backlog
    objects = await _finding("objects", _objects, settings)
    yield objects
    database = await _finding("database", _database, settings)
    yield database
    if sweep and objects.well and database.well:
        yield await _finding("sweep", _sweep, settings)
    yield await _finding("secrets", _secrets, settings)
    if settings.retranscribe != "never":
        yield await _finding("retranscription", _retranscription, settings)
    yield await _finding("port", _port, settings)
    yield await _finding("disk", _disk, settings)


async def _finding(part: str, check: Callable[[Settings], Awaitable[str]], settings: Settings) -> Finding:
    try:
        return Finding(part, True, await check(settings))
    except (Halt, LogUnavailable, Retryable) as error:
        return Finding(part, False, sentence(error))


async def _log(settings: Settings) -> str:
    async with existing_log(settings) as log:
        await log.probe()
    return f"The log takes records ({shown(settings.log_url)})."


async def _spool(settings: Settings) -> str:
    path = embedded(settings.spool_url)
    if path is not None and not path.exists():
        return f"There is no spool yet, so nothing waits in it: a receiver makes it ({settings.spool_url})."
    async with opened_log(settings, spooled=True) as log:
        trouble = await log.degraded()
    if trouble:
        raise Halt(" ".join(trouble.values()))
    return f"The spool is empty, and takes events while Kafka does not ({settings.spool_url})."


async def _backlog(settings: Settings) -> str:
    """A backlog is no fault: what the consumers have not read waits for them, however long."""
    async with existing_log(settings) as log:
        waiting = {each.name: await log.backlog(each.topics, each.name) for each in consumers_of(settings)}
    left = ", ".join(f"{name} {count}" for name, count in waiting.items() if count)
    return f"Records that wait to be worked on: {left}." if left else "Every record has been worked on."


async def _objects(settings: Settings) -> str:
    require_existing(settings.objects_url)
    await objects_of(settings).probe()
    return f"The object store takes files ({shown(settings.objects_url)})."


async def _database(settings: Settings) -> str:
    async with existing_database(settings) as database:
        await database.probe()
        try:
            async with database.reading() as tx:
                await list_meetings(tx, limit=1)
        except DBAPIError as error:
            raise Halt("The database lacks tables or columns: create them with `adjourn setup`.") from error
    return f"The database can be read and written ({shown(settings.database_url)})."


async def _sweep(settings: Settings) -> str:
    async with existing_database(settings) as database:
        swept = await sweep_up(objects_of(settings), database)
    return (
        f"What killed processes left is removed: {swept.uploads} uploads of {swept.size} bytes, "
        f"{swept.downloads} downloads that nobody went on with, {swept.objects} files of forgotten meetings."
    )


async def _secrets(settings: Settings) -> str:
    providers = schemes_of(settings)
    if not providers:
        raise Halt(
            "No secret is set, so every webhook is answered 404: put your API key into .env as "
            "ADJOURN_MEETING_BAAS_API_KEYS, or one of the other secrets that .env.example lists."
        )
    async with entered(providers):
        troubles = [trouble for scheme in providers.values() if (trouble := scheme.trouble())]
    if troubles:
        raise Halt(" ".join(troubles))
    return f"Webhooks of {', '.join(providers)} can be authenticated."


async def _retranscription(settings: Settings) -> str:
    providers = apis_of(settings)
    if not providers:
        raise Halt(
            f"Transcripts are to be made again (ADJOURN_RETRANSCRIBE={settings.retranscribe}), but there is"
            " no key to any sender's API: set one, ADJOURN_MEETING_BAAS_API_KEYS for example."
        )
    return f"Transcripts are made again by {', '.join(providers)} ({settings.retranscribe})."


async def _port(settings: Settings) -> str:
    place = f"{settings.host}, port {settings.port}"
    try:
        family = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0][0]
        with closing(socket.create_server((settings.host, settings.port), family=family)):
            return f"{place} is free to listen on."
    except OSError as error:
        ready = _readiness(settings)
        if ready is None:
            reason = (error.strerror or "").partition(" (")[0]
            raise Halt(
                f"We cannot listen on {place} ({reason}): stop the program that does, "
                "or set ADJOURN_HOST and ADJOURN_PORT to what is free."
            ) from error
    if "detail" in ready:
        raise Halt(f"Adjourn runs on {place}, and is not ready. {ready['detail']}")
    away = ready["degraded"]
    if away:
        reasons = " ".join(f"{part}: {reason}" for part, reason in away.items())
        raise Halt(f"Adjourn runs on {place} and accepts webhooks, but not all is well. {reasons}")
    return f"Adjourn runs on {place} and accepts webhooks."


def _readiness(settings: Settings) -> dict[str, Any] | None:
    """What our own receiver says at that port; null where somebody else listens."""
    url = own_url(settings) + "/readyz"
    try:
        try:
            answer = urllib.request.urlopen(url, timeout=_ANSWER_SECONDS)  # noqa: S310 our own host and port
        except urllib.error.HTTPError as not_ready:
            answer = not_ready
        with answer:
            found = json.load(answer)
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and "degraded" in found else None


async def _disk(settings: Settings) -> str:
    free, folder = _least_free(settings)
    gigabytes = f"{free / 1e9:.1f} GB"
    if free < _FREE_BYTES:
        raise Halt(f"Only {gigabytes} are free on the disk of {folder}: make room before recordings come.")
    return f"There is room on the disk: {gigabytes} are free."


def _least_free(settings: Settings) -> tuple[int, Path]:
    """Free bytes of the fullest disk, and which of our folders is on it."""
    urls = (settings.log_url, settings.objects_url, settings.database_url, settings.spool_url)
    paths = [path.absolute() for path in map(embedded, urls) if path is not None]
    folders = [next(folder for folder in (path, *path.parents) if folder.is_dir()) for path in paths]
    return min((shutil.disk_usage(folder).free, folder) for folder in folders)
