"""The table of senders. A new one is a line here, and a package that knows its payloads."""

from collections.abc import Mapping
from typing import Final

from schemas.envelope import Record
from schemas.meeting_baas import MEETING_BAAS
from schemas.provider import ProviderSchema
from schemas.realtimekit import REALTIMEKIT
from schemas.vonage import VONAGE
from schemas.waterr import WATERR

PROVIDERS: Final[Mapping[str, ProviderSchema]] = {
    "meeting-baas": MEETING_BAAS,
    "realtimekit": REALTIMEKIT,
    "vonage": VONAGE,
    "waterr": WATERR,
}


def provider_of(record: Record) -> ProviderSchema | None:
    """The sender of a webhook record, by its `ce_type` (`<provider>.<event>`); null for others."""
    return PROVIDERS.get(record.type.partition(".")[0])
