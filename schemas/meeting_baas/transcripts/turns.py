"""Meeting BaaS's logs of who spoke when: v2's turns and v1's observations.

Source: v2 https://github.com/Meeting-BaaS/docs at fd14185: `content/docs/api-v2/artifacts.mdx` (an object a
line, `speaker, start_time, end_time` in seconds, mostly with a `user_id`); v1
https://github.com/Meeting-BaaS/meet-teams-bot at c4c8344: `src/types.ts` (an array a line, of
`name, id, timestamp, isSpeaking`, in milliseconds since 1970).

Contradictions observed, and what is done about them:
- one sample of v2's log ends in `.json`: one array of all turns is read as well
- v1's log of what was seen on the network has no documented format: what looks like the other is read
- whether a line of v1 tells of everybody is not said: who is not on it does not speak any more
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import inf
from typing import Any, Final

from schemas.identity import BrokenEvent, NotAnEvent
from schemas.lenient import number, parse_json
from schemas.segments import seconds, speaker_of
from schemas.speaking import Turn

_A_DAY: Final = 86_400

_Seen = dict[float, list[tuple[str, bool]]]


def parse_turns(data: bytes, began: float | None) -> tuple[Turn, ...]:
    """Turns in order of their start; lines that say nothing of the kind are passed over.

    `began` is when the recording did, in seconds since 1970: where it is not known, or a day off, the first
    line of a log with times of the day counts. Who has only a number is named by its digits. Raises
    `BrokenEvent` where no line is one of such a log.
    """
    turns: list[Turn] = []
    seen: _Seen = {}
    lines = 0
    for entry in _entries(data):
        if not isinstance(entry, dict):
            continue
        at = number(entry.get("timestamp"))
        if at is not None:
            _see(entry, at, seen)
            lines += 1
        elif "speaker" in entry or "start_time" in entry:
            turns += _turn(entry)
            lines += 1
    if not lines and data.strip() not in (b"", b"[]"):
        raise BrokenEvent("diarization", ("not a log of who spoke when",))
    return tuple(sorted([*turns, *_observed(seen, began)], key=lambda turn: turn.start))


def _entries(data: bytes) -> Iterator[Any]:
    try:
        yield from _flat(parse_json(data))
    except NotAnEvent:
        for line in data.splitlines():
            try:
                yield from _flat(parse_json(line))
            except NotAnEvent:  # the last line of a log that was cut off
                continue


def _flat(value: object) -> Iterator[Any]:
    for one in value if isinstance(value, list) else (value,):
        yield from one if isinstance(one, list) else (one,)


def _turn(entry: Mapping[str, Any]) -> Iterator[Turn]:
    speaker = speaker_of(entry.get("speaker")) or speaker_of(entry.get("user_id"))
    start, end = (_either(entry, name) for name in ("start", "end"))
    if speaker and start is not None and end is not None and start < end:
        yield Turn(speaker, start, end)


def _either(entry: Mapping[str, Any], name: str) -> float | None:
    found = seconds(entry.get(f"{name}_time"))
    return seconds(entry.get(name)) if found is None else found


def _see(entry: Mapping[str, Any], at: float, seen: _Seen) -> None:
    moment = at / 1000 if at > 1e11 else at
    name = speaker_of(entry.get("name")) or speaker_of(entry.get("id"))
    speaking = seen.setdefault(moment, [])
    if name:
        speaking.append((name, entry.get("isSpeaking") is True))


def _observed(seen: _Seen, began: float | None) -> Iterable[Turn]:
    """From the line on which somebody speaks to the next on which they do not."""
    if not seen:
        return ()
    first = min(seen)
    if began is None or abs(first - began) > _A_DAY:
        began = first
    turns: list[Turn] = []
    since: dict[str, float] = {}
    for moment in sorted(seen):
        at = max(0.0, moment - began)
        speaking = _who(seen[moment])
        ended = [(name, start) for name, start in since.items() if name not in speaking and start < at]
        turns += [Turn(name, start, at) for name, start in ended]
        since = {name: since.get(name, at) for name in speaking}
    return [*turns, *(Turn(name, start, inf) for name, start in since.items())]


def _who(line: Sequence[tuple[str, bool]]) -> list[str]:
    return [name for name, speaks in dict(line).items() if speaks]
