"""Who may post as Waterr: https://docs.waterr.ai/api-reference/webhooks

Two signatures, in hex, by keys that are the secrets' literal bytes, `whsec_` and all: of v2 over `t`, a dot
and the body, several at a time while a secret is rotated; the legacy one over the body alone. A request may
bear both: one that is right proves it.

How old `t` is does not count: nobody says that a retry gets a new one, retries come up to 15 hours later, and
whatever is refused here is never sent again. Who replays what was signed once changes nothing: it has the id
that it had.
"""

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

from receiver.admission import (
    Admission,
    NoEvent,
    RequestHeaders,
    Scheme,
    Unauthentic,
    header_secrets,
)

Channel = Literal["webhook", "legacy"]

_V2: Final = b"waterr-signature"
_LEGACY: Final = b"x-waterr-signature"
_EVENT: Final = b"x-waterr-event"
_TOOL_CALL: Final = b"tool_call"
_LONGEST: Final = 2048
_HEX: Final = frozenset(b"0123456789abcdef")
_DIGEST_DIGITS: Final = hashlib.sha256().digest_size * 2


def scheme(*, secrets: Iterable[str], legacy_secrets: Iterable[str]) -> Scheme | None:
    """Null when nothing is set."""
    keys, legacy_keys = header_secrets(secrets), header_secrets(legacy_secrets)
    if not keys and not legacy_keys:
        return None

    def judge(headers: RequestHeaders, _: float, __: Sequence[str]) -> Admission:
        if headers.get(_EVENT, b"").strip().lower() == _TOOL_CALL:
            raise NoEvent("a tool call: give the function an address of its own", b"{}")
        given, given_legacy = headers.get(_V2), headers.get(_LEGACY)
        if given is None and given_legacy is None:
            raise Unauthentic("there is no credential")
        proofs = []
        if given is not None and keys:
            proofs.append(_proof(given, keys))
        if given_legacy is not None and legacy_keys:
            proofs.append(_legacy_proof(given_legacy, legacy_keys))
        if not any(proof.digests for proof in proofs):
            raise Unauthentic("no signature could be one of Waterr's, or no secret is set for it")
        return Admission("legacy" if given is None else "webhook", prove=partial(_prove, proofs))

    return Scheme(judge)


def sign(channel: Channel, secret: str, *, body: bytes, timestamp_seconds: int) -> dict[str, str]:
    """The headers that Waterr would send."""
    if channel == "legacy":
        return {_LEGACY.decode(): f"sha256={hmac.digest(secret.encode(), body, 'sha256').hex()}"}
    signed = b"%d." % timestamp_seconds + body
    return {_V2.decode(): f"t={timestamp_seconds},v1={hmac.digest(secret.encode(), signed, 'sha256').hex()}"}


@dataclass(frozen=True, slots=True)
class _Proof:
    """`before` stands before the body where it is signed. One of `digests`, in hex, is by one of `keys`."""

    before: bytes
    digests: Sequence[bytes]
    keys: Sequence[bytes]


def _proof(given: bytes, keys: Sequence[bytes]) -> _Proof:
    """Every part counts: a mapping would keep the last of several `v1` alone. No digests where malformed."""
    parts = [part.strip(b" \t").partition(b"=") for part in given[:_LONGEST].split(b",")]
    times = [value for name, _, value in parts if name == b"t"]
    if len(given) > _LONGEST or len(times) != 1 or not times[0].isdigit() or len(times[0]) > 12:
        return _Proof(b"", (), keys)
    digests = [value for name, _, value in parts if name == b"v1" and _is_digest(value)]
    return _Proof(times[0] + b".", digests, keys)


def _legacy_proof(given: bytes, keys: Sequence[bytes]) -> _Proof:
    name, _, value = given.strip(b" \t").partition(b"=")
    return _Proof(b"", [value] if name == b"sha256" and _is_digest(value) else (), keys)


def _is_digest(value: bytes) -> bool:
    return len(value) == _DIGEST_DIGITS and _HEX.issuperset(value)


def _prove(proofs: Sequence[_Proof], body: bytes) -> None:
    found = False
    for proof in proofs:
        for key in proof.keys if proof.digests else ():
            expected = hmac.digest(key, proof.before + body, "sha256").hex().encode()
            for digest in proof.digests:
                found |= hmac.compare_digest(expected, digest)
    if not found:
        raise Unauthentic("no signature of Waterr's matches")
