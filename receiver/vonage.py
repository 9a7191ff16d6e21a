"""Who may post as Vonage Video: https://developer.vonage.com/en/video/guides/secure-callbacks

A signed callback bears a JWT (HS256) that holds the SHA-256 of the body. Our own few lines, because a library
takes a tenth of a second to load, and cannot be told what time it is. Where callbacks are not signed, a
secret segment of the URL's path proves them.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from http import HTTPStatus
from typing import Any, Final

from receiver.admission import (
    Admission,
    RequestHeaders,
    Scheme,
    Unauthentic,
    Unjudged,
    header_secrets,
    is_one_of,
)

CATEGORIES: Final = ("session", "archive", "broadcast", "captions", "sip", "render")
"""As `schemas.vonage.events` has them, which every command would wait for."""

TOLERANCE_SECONDS: Final = 300
ANY: Final = "any"
"""The channel of a URL that names no category."""

_HEADERS: Final = (b"authorization", b"vonage-signature")
_BEARER: Final = b"bearer "
_LONGEST_TOKEN: Final = 8192
_HASH_BYTES: Final = hashlib.sha256().digest_size
_SHORTEST_DECODED_KEY: Final = 16

_Keys = Mapping[str, Sequence[bytes]]


def scheme(
    *,
    signature_secrets: Iterable[str],
    path_tokens: Iterable[str],
    tolerance_seconds: float = TOLERANCE_SECONDS,
) -> Scheme | None:
    """Null when nothing is set. A secret may be `category:secret`; any other is good for every category.

    A token was made at most `tolerance_seconds` ago, or ahead of our clock.
    """
    keys, tokens = _keys(signature_secrets), header_secrets(path_tokens)
    if not keys and not tokens:
        return None

    def judge(headers: RequestHeaders, now_seconds: float, path: Sequence[str]) -> Admission:
        category, has_token = _place(path, tokens)
        accepted = keys.get(category, ())
        given = _given(headers)
        if given is None and accepted:
            raise Unjudged("there is no signature")  # Vonage sends it again, signed, after a 5xx alone
        if given is not None and accepted:
            claims = _verified(given, accepted)
            _refuse_old(claims, now_seconds, tolerance_seconds)
            return Admission(category, prove=partial(_prove, _payload_hash(claims)))
        if has_token:
            return Admission(category)
        raise Unauthentic("no signature secret is set for this category, and the path holds no token")

    return Scheme(judge, has_paths=True, taken=HTTPStatus.OK)


def sign(secret: str, *, body: bytes, id: str, timestamp_seconds: int) -> dict[str, str]:  # noqa: A002 as in others
    """The headers that Vonage would send, by one of the secrets as they are set."""
    claims = {
        "iat": timestamp_seconds,
        "jti": id,
        "iss": "Vonage",
        "payload_hash": hashlib.sha256(body).hexdigest(),
        "api_key": "a1b2c3d4",
    }
    signed = b".".join(
        _base64url(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims)
    )
    signature = hmac.digest(_split(secret)[1].encode(), signed, "sha256")
    return {"authorization": f"Bearer {(signed + b'.' + _base64url(signature)).decode()}"}


def newest_for(category: str | None, secrets: Iterable[str]) -> str | None:
    """The first of the secrets as they are set that is good for a category (null: for a URL that names
    none); null where none is."""
    good = (secret for secret in secrets if category is None or _split(secret)[0] in (None, category))
    return next(good, None)


def _keys(secrets: Iterable[str]) -> _Keys:
    """By category, and all of them for a URL that names none. A secret is tried as it is, then, where it is
    base64, as what that holds: Vonage's own samples do the one or the other."""
    by_category: dict[str, list[bytes]] = {}
    for secret in secrets:
        category, text = _split(secret.strip())
        if text:
            for each in CATEGORIES if category is None else (category,):
                by_category.setdefault(each, []).append(text.encode())
            by_category.setdefault(ANY, []).append(text.encode())
    return {
        category: tuple(dict.fromkeys([*keys, *(key for each in keys if (key := _decoded(each)))]))
        for category, keys in by_category.items()
    }


def _split(secret: str) -> tuple[str | None, str]:
    category, colon, rest = secret.partition(":")
    return (category, rest.strip()) if colon and category in CATEGORIES else (None, secret)


def _decoded(secret: bytes) -> bytes | None:
    try:
        key = base64.b64decode(secret, validate=True)
    except ValueError:
        return None
    return key if len(key) >= _SHORTEST_DECODED_KEY else None


def _place(path: Sequence[str], tokens: Sequence[bytes]) -> tuple[str, bool]:
    """The category that the path names, and whether our token is in it; in either order. Anything else that
    stands there may be a token that is nearly right."""
    category, has_token = ANY, False
    for segment in path:
        if segment in CATEGORIES and category == ANY:
            category = segment
        elif not has_token and is_one_of(segment.encode("utf-8", "surrogateescape"), tokens):
            has_token = True
        else:
            raise Unauthentic("the path holds neither a category nor our token")
    return category, has_token


def _given(headers: RequestHeaders) -> bytes | None:
    """The token; null where there is none. Raises `Unauthentic` where there are two."""
    given = {headers[name].strip(b" \t") for name in _HEADERS if name in headers}
    if len(given) > 1:
        raise Unauthentic("there are two signatures, and they differ")
    for value in given:
        return value[len(_BEARER) :].strip(b" ") if value[: len(_BEARER)].lower() == _BEARER else value
    return None


def _verified(token: bytes, keys: Sequence[bytes]) -> Mapping[str, Any]:
    """The claims of a token that one of the keys has signed; by HS256, whatever its head says."""
    if len(token) > _LONGEST_TOKEN or token.count(b".") != 2:
        raise Unauthentic("the signature is no JWT")
    signed, _, signature = token.rpartition(b".")
    head, _, claims = signed.partition(b".")
    digest = _from_base64url(signature)
    fields = _object(head)
    if fields.get("alg") != "HS256" or "crit" in fields:
        raise Unauthentic("the signature is of another algorithm than HS256")
    found = False
    for key in keys:
        found |= hmac.compare_digest(hmac.digest(key, signed, "sha256"), digest)
    if not found:
        raise Unauthentic("no signature secret of this category matches")
    return _object(claims)


def _refuse_old(claims: Mapping[str, Any], now_seconds: float, tolerance_seconds: float) -> None:
    issued, expires = claims.get("iat"), claims.get("exp")
    if type(issued) is not int or abs(now_seconds - issued) > tolerance_seconds:
        raise Unauthentic("the signature was not made just now")
    if expires is not None and (type(expires) is not int or expires + tolerance_seconds < now_seconds):
        raise Unauthentic("the signature has expired")
    if claims.get("iss") != "Vonage":
        raise Unauthentic("the signature is not Vonage's")


def _payload_hash(claims: Mapping[str, Any]) -> bytes:
    told = claims.get("payload_hash")
    try:
        digest = bytes.fromhex(told) if isinstance(told, str) else b""
    except ValueError:
        digest = b""
    if len(digest) != _HASH_BYTES:
        raise Unauthentic("the signature covers no body")
    return digest


def _prove(payload_hash: bytes, body: bytes) -> None:
    if not hmac.compare_digest(hashlib.sha256(body).digest(), payload_hash):
        raise Unauthentic("the body is not the one that was signed")


def _object(segment: bytes) -> Mapping[str, Any]:
    try:
        fields = json.loads(_from_base64url(segment))
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        raise Unauthentic("the signature is no JWT")
    return fields


def _from_base64url(segment: bytes) -> bytes:
    """Raises `Unauthentic` for what is not written just as a JWT writes it."""
    try:
        decoded = base64.b64decode(segment + b"=" * (-len(segment) % 4), altchars=b"-_", validate=True)
    except ValueError:
        decoded = b""
    if not decoded or _base64url(decoded) != segment:
        raise Unauthentic("the signature is no JWT")
    return decoded


def _base64url(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
