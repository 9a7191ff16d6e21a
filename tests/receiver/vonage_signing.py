"""Callbacks as Vonage signs them, by another library, and what our scheme makes of them."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

import jwt

from receiver import vonage
from receiver.admission import Admission, Scheme, headers_by_name

NOW = 1_700_000_000
BODY = b'{"id": "a", "event": "archive", "status": "available", "sessionId": "s"}'
SECRET = "sample-signature-secret-of-vonage-1"
OTHER = "sample-signature-secret-of-vonage-2"
TOKEN = "sample-path-token-0c1d"


def judge(
    *headers: tuple[str, str],
    secrets: Sequence[str] = (SECRET,),
    tokens: Sequence[str] = (),
    path: Sequence[str] = (),
    body: bytes = BODY,
    now: float = NOW,
) -> Admission:
    """As the receiver does: the head first, the body after."""
    made = vonage.scheme(signature_secrets=secrets, path_tokens=tokens)
    assert made is not None
    given = headers_by_name([(name.encode(), value.encode("latin-1")) for name, value in headers])
    admission = made.judge(given, now, path)
    if admission.prove is not None:
        admission.prove(body)
    return admission


def claims(**changed: Any) -> dict[str, Any]:
    """Those of a right token, then changed; null leaves one out."""
    right = {
        "iat": NOW,
        "jti": "c5ba8f24-1a14-4c10-bfdf-3fbe8ce511b5",
        "iss": "Vonage",
        "payload_hash": hashlib.sha256(BODY).hexdigest(),
        "api_key": "a1b2c3d",
    }
    return {name: value for name, value in {**right, **changed}.items() if value is not None}


def token(secret: str | bytes = SECRET, header: Mapping[str, Any] | None = None, **changed: Any) -> str:
    return jwt.encode(claims(**changed), secret, algorithm="HS256", headers=dict(header or {}))


def scheme() -> Scheme:
    """Of signed callbacks."""
    made = vonage.scheme(signature_secrets=[SECRET], path_tokens=[])
    assert made is not None
    return made


def signed_now(body: bytes) -> str:
    """The value of a header that proves a body at this moment."""
    return f"Bearer {token(iat=int(time.time()), payload_hash=hashlib.sha256(body).hexdigest())}"


def bearer(text: str) -> tuple[str, str]:
    return ("authorization", f"Bearer {text}")


def by_hand(head: Any, body: Any, secret: str = SECRET, digest: str = "sha256") -> str:
    def encoded(part: Any) -> str:
        raw = part if isinstance(part, bytes) else json.dumps(part).encode()
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    signed = f"{encoded(head)}.{encoded(body)}"
    return f"{signed}.{encoded(hmac.digest(secret.encode(), signed.encode(), digest))}"
