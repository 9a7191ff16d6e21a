"""What a sender's package in `schemas/` has to know of what it sends."""

from collections.abc import Callable
from dataclasses import dataclass

from schemas.envelope import Record
from schemas.identity import BrokenEvent, Identity
from schemas.meeting import Observation, ParsedSummary, ParsedTranscript
from schemas.speaking import Turn


def _no_turns(_: bytes, __: float | None) -> tuple[Turn, ...]:
    raise BrokenEvent("diarization", ("this sender makes no such file",))


def _no_summary(shape: str, _: bytes) -> ParsedSummary:
    raise BrokenEvent(shape, ("this sender makes no summaries",))


@dataclass(frozen=True, slots=True)
class ProviderSchema:
    """What we know of a sender's payloads.

    `identify(body, channel)` names and keys an event without reading more of it than that needs; the channel
    says how it was authenticated ("webhook", "callback", "alert", …). Raises `NotAnEvent`, `BrokenEvent`.
    `observe(record)` says what a webhook means; null where it is about no meeting. Raises `BrokenEvent`.
    `parse_transcript(shape, data)` reads a transcript in one of the sender's shapes. Raises `BrokenEvent`.
    `parse_turns(data, began)` reads a log of who spoke when; `began` is when the recording did, in seconds
    since 1970, null where nobody knows. Raises `BrokenEvent`.
    `parse_summary(shape, data)` reads a summary that the sender made, in one of its shapes. Raises
    `BrokenEvent`. `summarises` says that it makes one of each meeting, or says that it cannot.
    `gave_up` are the types (`ce_type`) of records by which the sender tells that it gave up deliveries.
    """

    name: str
    identify: Callable[[bytes, str], Identity]
    observe: Callable[[Record], Observation | None]
    parse_transcript: Callable[[str, bytes], ParsedTranscript]
    parse_turns: Callable[[bytes, float | None], tuple[Turn, ...]] = _no_turns
    parse_summary: Callable[[str, bytes], ParsedSummary] = _no_summary
    summarises: bool = False
    gave_up: frozenset[str] = frozenset()

    @property
    def makes_summaries(self) -> bool:
        """Whether any event of it could tell of one."""
        return self.parse_summary is not _no_summary
