"""How a request proves whose it is: what every signature scheme takes and gives."""

import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

RequestHeaders = Mapping[bytes, bytes]
"""By lower-case name. One that came twice holds both values joined by a comma, which no credential is."""


class Unauthentic(Exception):
    """No credential, or a wrong one. The text is for our log and says which; it never holds what came."""


@dataclass(frozen=True, slots=True)
class Admission:
    """What the headers of a request have proved.

    `channel` goes to the provider's `identify`. `delivery_id` is the sender's own, "" where it gives none.
    `prove` is null where the headers were proof enough; otherwise it takes the whole body, as it came, and
    raises `Unauthentic`.
    """

    channel: str
    delivery_id: str = ""
    prove: Callable[[bytes], None] | None = None


Scheme = Callable[[RequestHeaders, float], Admission]
"""Judges the headers at a time (seconds since 1970), before the body is read. Raises `Unauthentic`."""


def headers_by_name(pairs: Sequence[tuple[bytes, bytes]]) -> RequestHeaders:
    """Names are lower-case already."""
    by_name = dict(pairs)
    if len(by_name) != len(pairs):
        by_name = {}
        for name, value in pairs:
            by_name[name] = b"%b, %b" % (by_name[name], value) if name in by_name else value
    return by_name


def header_secrets(secrets: Iterable[str]) -> tuple[bytes, ...]:
    """Secrets that are sent as they are, ready to compare. Empty ones are left out: they mean none is set."""
    return tuple(secret.strip().encode() for secret in secrets if secret.strip())


def is_one_of(given: bytes, secrets: Iterable[bytes]) -> bool:
    """In a time that tells neither which secret it was nor how far a wrong one was right."""
    value = given.strip(b" \t")  # httptools keeps white space that follows a value
    found = False
    for secret in secrets:
        found |= hmac.compare_digest(secret, value)
    return found
