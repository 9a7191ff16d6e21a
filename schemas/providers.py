"""The table of senders. A new one is a line here, and a module that knows its payloads."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from schemas import meeting_baas, realtimekit, vonage, waterr
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


PROVIDERS: Final[Mapping[str, ProviderSchema]] = {
    "meeting-baas": ProviderSchema(
        "meeting-baas",
        identify=meeting_baas.identify,
        observe=meeting_baas.observe,
        parse_transcript=meeting_baas.parse_transcript,
        parse_turns=meeting_baas.parse_turns,
        gave_up=frozenset({"meeting-baas.alert.webhook_delivery_exhausted"}),
    ),
    "realtimekit": ProviderSchema(
        "realtimekit",
        identify=realtimekit.identify,
        observe=realtimekit.observe,
        parse_transcript=realtimekit.parse_transcript,
        parse_summary=realtimekit.parse_summary,
    ),
    "vonage": ProviderSchema(
        "vonage",
        identify=vonage.identify,
        observe=vonage.observe,
        parse_transcript=vonage.parse_transcript,
    ),
    "waterr": ProviderSchema(
        "waterr",
        identify=waterr.identify,
        observe=waterr.observe,
        parse_transcript=waterr.parse_transcript,
        parse_summary=waterr.parse_summary,
        summarises=True,
    ),
}


def provider_of(record: Record) -> ProviderSchema | None:
    """The sender of a webhook record, by its `ce_type` (`<provider>.<event>`); null for others."""
    return PROVIDERS.get(record.type.partition(".")[0])
