"""How a question proves that it is ours: a token of its own for each, which lives for some minutes."""

import base64
import hmac
import json
import time
import uuid
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from infra.errors import Halt

Authorize = Callable[[], Mapping[str, str]]
"""The headers of one question."""

_LIVES_SECONDS: Final = 300


def opentok(api_key: str, api_secret: str) -> Authorize:
    """A project of OpenTok's, by its key and secret."""
    return partial(_opentok, api_key, api_secret.encode())


def application(application_id: str, private_key_pem: bytes) -> Authorize:
    """A Vonage application, by its id and private key. Raises `Halt` when that is none."""
    from cryptography.hazmat.primitives import hashes, serialization  # slow to load
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    try:
        key = serialization.load_pem_private_key(private_key_pem, None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise Halt(
            "ADJOURN_VONAGE_PRIVATE_KEY_FILE holds no RSA key in PEM without a password: download it again"
            " from the application's page."
        )

    def sign(signed: bytes) -> bytes:
        return key.sign(signed, padding.PKCS1v15(), hashes.SHA256())

    return partial(_application, application_id, sign)


def _opentok(api_key: str, api_secret: bytes) -> Mapping[str, str]:
    claims = {"iss": api_key, "ist": "project", **_now()}
    return {"X-OPENTOK-AUTH": _jwt("HS256", claims, lambda signed: hmac.digest(api_secret, signed, "sha256"))}


def _application(application_id: str, sign: Callable[[bytes], bytes]) -> Mapping[str, str]:
    claims = {"application_id": application_id, **_now()}
    return {"Authorization": f"Bearer {_jwt('RS256', claims, sign)}"}


def _now() -> Mapping[str, Any]:
    now = int(time.time())
    return {"iat": now, "exp": now + _LIVES_SECONDS, "jti": str(uuid.uuid4())}


def _jwt(algorithm: str, claims: Mapping[str, Any], sign: Callable[[bytes], bytes]) -> str:
    head = {"alg": algorithm, "typ": "JWT"}
    signed = b".".join(_base64url(json.dumps(part).encode()) for part in (head, claims))
    return (signed + b"." + _base64url(sign(signed))).decode()


def _base64url(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
