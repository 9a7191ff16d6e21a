"""Waterr's secrets of the tests, and what is signed by them: long ago, since that does not count."""

from typing import Final

from receiver import waterr
from receiver.admission import Scheme

SECRET: Final = "whsec_test_0123456789abcdef"
LEGACY_SECRET: Final = "whsec_legacy_fedcba9876543210"
SIGNED_AT: Final = 1_750_000_000


def scheme() -> Scheme:
    found = waterr.scheme(secrets=[SECRET], legacy_secrets=[LEGACY_SECRET])
    assert found is not None
    return found


def signed(channel: waterr.Channel, body: bytes) -> dict[str, str]:
    """The headers that Waterr would send."""
    secret = SECRET if channel == "webhook" else LEGACY_SECRET
    return waterr.sign(channel, secret, body=body, timestamp_seconds=SIGNED_AT)
