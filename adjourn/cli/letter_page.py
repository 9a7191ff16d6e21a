"""One dead letter as a page for people, and as an object for programs; what came moves no cursor."""

import base64
import json
from collections.abc import Iterator
from typing import Any, Final

import click

from adjourn.cli.output import failed, local_time, size, visible
from infra.eventlog.base import EventLog
from schemas.dead_letter import Letter, letter_of, provider_of_letter
from schemas.envelope import Record
from schemas.identity import NotAnEvent
from schemas.lenient import parse_json
from schemas.topics import DEAD_LETTERS

_TOLD: Final = ("dl_error", "dl_traceback")
"""Headers that have a line or a section of their own."""

_SHORTEST_ID: Final = 4
_MOST_MEANT: Final = 20
_SHOWN_CHARACTERS: Final = 64 * 1024
_SHOWN_BYTES: Final = 256
_BYTES_A_LINE: Final = 16


async def found_letter(log: EventLog, wanted: str) -> tuple[Letter, Record]:
    """The newest letter about the failure that is meant: by its id, the beginning of it, or the event's id.

    Its body is the record's. Raises `click.ClickException` where none is meant, or several are.
    """
    found: dict[str, tuple[Letter, Record]] = {}
    async for record in log.scan(DEAD_LETTERS):
        letter = letter_of(record)
        if letter is None:
            continue
        meant = letter.event_id == wanted or (len(wanted) >= _SHORTEST_ID and letter.id.startswith(wanted))
        if meant and (letter.id in found or len(found) < _MOST_MEANT):
            found[letter.id] = (letter, record)
    if not found:
        raise failed(f"There is no dead letter {visible(wanted)}: `adjourn dead-letters --all` lists them.")
    if len(found) > 1:
        ids = "".join(f"\n  {each.id}  {each.consumer}  {visible(each.error)}" for each, _ in found.values())
        raise failed(f"{visible(wanted)} means several; say which:{ids}")
    return next(iter(found.values()))


def whole(record: Record) -> dict[str, Any]:
    """What `show --json` has beside the few words: everything. `value` is in base64."""
    return {
        "place": {"partition": record.partition, "offset": record.offset},
        "headers": dict(record.headers),
        "value": base64.b64encode(record.value).decode(),
    }


def page(letter: Letter, record: Record, state: str) -> Iterator[str]:
    """The lines of `adjourn dead-letters show ID`."""
    tried = "1 attempt" if letter.attempts == 1 else f"{letter.attempts} attempts"
    yield click.style(visible(f"{letter.id}  {letter.consumer}  {letter.kind}"), bold=True)
    yield visible(f"  state     {state}")
    yield visible(f"  error     {letter.error}")
    yield f"  buried    {local_time(letter.time_ms / 1000)}, after {tried}"
    yield visible(f"  event     {letter.type}  {letter.event_id}")
    yield visible(
        f"  meeting   {provider_of_letter(record)}/{letter.key}" if letter.key else "  meeting   none"
    )
    yield visible(f"  stands    {_place(letter)}")
    yield from _section("Headers")
    headers = {name: value for name, value in record.headers.items() if name not in _TOLD}
    width = max(map(len, headers))
    for name, value in headers.items():
        yield visible(f"  {name:<{width}}  {value}")
    if traceback := record.headers.get("dl_traceback"):
        yield from _section("Traceback")
        yield from (visible(f"  {line}") for line in traceback.splitlines())
    yield from _section(f"Body ({size(len(record.value))}; it may hold links that open a recording)")
    yield from (f"  {line}" for line in _body(record.value))


def _place(letter: Letter) -> str:
    if letter.offset is None:
        return f"in no topic: it would have been in {letter.topic}"
    return f"in {letter.topic}, partition {letter.partition}, offset {letter.offset}"


def _section(title: str) -> Iterator[str]:
    yield ""
    yield click.style(title, bold=True)


def _body(value: bytes) -> Iterator[str]:
    """JSON is indented, other text as it is, anything else in hexadecimal; a long one ends early."""
    if not value:
        yield "empty"
        return
    try:
        text = json.dumps(parse_json(value), indent=2, ensure_ascii=False)
    except (NotAnEvent, RecursionError, ValueError):
        try:
            text = value.decode()
        except UnicodeDecodeError:
            yield from _in_hexadecimal(value)
            return
    yield from map(visible, text[:_SHOWN_CHARACTERS].splitlines())
    if len(text) > _SHOWN_CHARACTERS:
        yield f"… and {len(text) - _SHOWN_CHARACTERS} characters more: --raw has all of it"


def _in_hexadecimal(value: bytes) -> Iterator[str]:
    for first in range(0, min(len(value), _SHOWN_BYTES), _BYTES_A_LINE):
        some = value[first : first + _BYTES_A_LINE]
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in some)
        yield f"{first:06x}  {some.hex(' '):<{3 * _BYTES_A_LINE}} {text}"
    if len(value) > _SHOWN_BYTES:
        yield f"… and {len(value) - _SHOWN_BYTES} bytes more: --raw has all of them"
