"""The records that the receiver makes, without HTTP."""

from receiver.admission import Admission
from receiver.attributes import accepted
from schemas.envelope import Record
from schemas.providers import PROVIDERS
from schemas.topics import WEBHOOKS


def received(body: bytes, channel: str, provider: str = "meeting-baas") -> Record:
    """The record that the receiver makes of a webhook."""
    identity = PROVIDERS[provider].identify(body, channel)
    headers = accepted(provider, {}, Admission(channel), identity, lambda: 1_772_445_601.266)
    return Record(WEBHOOKS, 0, 1, identity.key, 1_772_445_601_266, headers, body)
