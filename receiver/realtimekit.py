"""Who may post as Cloudflare RealtimeKit, formerly Dyte.

Source: https://github.com/cloudflare/cloudflare-docs at 1ab5188:
`src/content/docs/realtime/realtimekit/webhooks.mdx`; as Dyte, https://github.com/dyte-io/docs at 0c38df2:
`docs/guides/capabilities/webhooks/signatures.mdx`.

One key signs for all customers, and of a delivery only the body: so a right signature says that it comes from
RealtimeKit, not that it is for us. That says the organisation in the body, and where none is named there, the
id of the webhook in a header (decision 0034).

Contradictions observed, and what is done about them:
- Dyte's sample verifies what `JSON.stringify` makes of the body: they send it compact, so it is the same
- examples on the web take the header for an HMAC: it is RSA
- a missing signature is answered 400 in the sample: it is 401 here, as for every sender; neither is retried
"""

import base64
from collections.abc import Iterable, Sequence
from typing import Final, Literal

from infra.errors import Retryable
from infra.providers.realtimekit.public_key import PublicKey
from receiver.admission import Admission, RequestHeaders, Scheme, Unauthentic, Unjudged
from schemas.realtimekit import organizations

Channel = Literal["webhook", "legacy"]

_BRANDS: Final = {"webhook": "rtk", "legacy": "dyte"}
"""Where both are present, the first decides."""
_SHORTEST_SIGNATURE: Final = 256
_LONGEST_SIGNATURE: Final = 1024


def scheme(key: PublicKey, *, webhook_ids: Iterable[str], organization_ids: Iterable[str]) -> Scheme | None:
    """Null where nothing says what is for us."""
    webhooks = frozenset(webhook_ids)
    ours = frozenset(organization_ids)
    if not webhooks and not ours:
        return None

    def judge(headers: RequestHeaders, now_seconds: float, path: Sequence[str]) -> Admission:
        brand = next((brand for brand in _BRANDS.values() if _name(brand, "signature") in headers), None)
        if brand is None:
            raise Unauthentic("there is no signature")
        signature = _decoded(headers[_name(brand, "signature")])
        webhook_id = headers.get(_name(brand, "webhook-id"), b"").strip(b" \t").decode("latin-1")

        def prove(body: bytes) -> None:
            if not key.signed(signature, body):
                raise Unauthentic("the signature is not RealtimeKit's")
            named = organizations(body) if ours else frozenset()
            if ours.isdisjoint(named) if named else webhook_id not in webhooks:
                raise Unauthentic("it is RealtimeKit's, for somebody else")

        async def prove_anew(body: bytes) -> None:
            if not key.signed(signature, body):
                try:
                    await key.ask()
                except Retryable as exc:
                    raise Unjudged(str(exc), exc.after_seconds or 60) from exc
            prove(body)

        return Admission("webhook", "", prove, prove_anew)

    return Scheme(judge, lifetime=key.opened, trouble=key.trouble)


def sign(channel: Channel, signature: bytes, *, id: str, webhook_id: str) -> dict[str, str]:  # noqa: A002 their word
    """The headers that RealtimeKit would send with a body of this signature."""
    brand = _BRANDS[channel]
    return {
        f"{brand}-signature": base64.b64encode(signature).decode(),
        f"{brand}-uuid": id,
        f"{brand}-webhook-id": webhook_id,
    }


def _name(brand: str, name: str) -> bytes:
    return f"{brand}-{name}".encode()


def _decoded(given: bytes) -> bytes:
    """Before anybody is asked for a key: a header that can be no signature is worth no question."""
    try:
        signature = base64.b64decode(given.strip(b" \t"), validate=True)
    except ValueError:
        raise Unauthentic("the signature is not base64") from None
    if not _SHORTEST_SIGNATURE <= len(signature) <= _LONGEST_SIGNATURE:
        raise Unauthentic("the signature is none of RSA")
    return signature
