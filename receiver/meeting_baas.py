"""Who may post as Meeting BaaS. One URL takes four kinds of requests, told apart by their headers.

v1 webhooks: https://docs.meetingbaas.com/docs/api/getting-started/webhooks, our own API key in clear.
v2 webhooks, callbacks and alerts: https://docs.meetingbaas.com/api-v2/webhooks. A callback's `secret` is sent
as it is, although one page calls it an HMAC secret.
"""

from collections.abc import Iterable, Sequence
from typing import Final, Literal

from receiver import svix
from receiver.admission import Admission, RequestHeaders, Scheme, Unauthentic, header_secrets, is_one_of

Channel = Literal["webhook-v1", "webhook-v2", "callback", "alert"]

_ALERT: Final = b"x-mb-alert-secret"
_CALLBACK: Final = b"x-mb-secret"
_API_KEY: Final = b"x-meeting-baas-api-key"


def scheme(
    *,
    api_keys: Iterable[str],
    svix_secrets: Iterable[str],
    callback_secrets: Iterable[str],
    alert_secrets: Iterable[str],
) -> Scheme | None:
    """Null when nothing is set. Raises `Halt` for a secret that cannot be one."""
    keys = svix.signing_keys(svix_secrets)
    # In the order in which they decide: the first header that is present.
    in_clear: Sequence[tuple[bytes, tuple[bytes, ...], Admission]] = (
        (_ALERT, header_secrets(alert_secrets), Admission("alert")),
        (_CALLBACK, header_secrets(callback_secrets), Admission("callback")),
        (_API_KEY, header_secrets(api_keys), Admission("webhook-v1")),
    )
    if not keys and not any(secrets for _, secrets, _ in in_clear):
        return None
    # Most requests bear the one that decides last: for them it is told in one look that no other is present.
    only_the_last = in_clear[-1:]
    all_others = svix.HEADERS | {_ALERT, _CALLBACK}

    def judge(headers: RequestHeaders, now_seconds: float, _: Sequence[str]) -> Admission:
        if all_others.isdisjoint(headers):
            candidates = only_the_last
        elif svix.HEADERS.isdisjoint(headers):
            candidates = in_clear
        else:
            return svix.admit(headers, now_seconds, keys, "webhook-v2")
        for header, secrets, admission in candidates:
            given = headers.get(header)
            if given is not None:
                if is_one_of(given, secrets):
                    return admission
                raise Unauthentic(f"{header.decode()} is not one of ours")
        raise Unauthentic("there is no credential")

    return Scheme(judge)


def sign(
    channel: Channel,
    secret: str,
    *,
    body: bytes,
    id: str,  # noqa: A002 Svix's word
    timestamp_seconds: int,
) -> dict[str, str]:
    """The headers that Meeting BaaS would send; only Svix's hold the delivery's `id` and the time."""
    if channel == "webhook-v2":
        return svix.sign(secret, id=id, timestamp_seconds=timestamp_seconds, body=body)
    header = {"alert": _ALERT, "callback": _CALLBACK, "webhook-v1": _API_KEY}[channel]
    return {header.decode(): secret}
