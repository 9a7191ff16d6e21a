"""Cloudflare RealtimeKit, as the program is told of it."""

import uuid
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

from adjourn import forms
from adjourn.senders.demo import FOLDER, Demo
from adjourn.senders.realtimekit_registering import REGISTERING
from adjourn.senders.sender import Channel, Outgoing, Sender
from infra.errors import Halt

if TYPE_CHECKING:
    from infra.providers.base import ProviderApi
    from receiver.admission import Scheme
    from receiver.realtimekit import Channel as Brand

_KEPT_KEY: Final = Path("var/realtimekit-key.json")


class RealtimeKitSettings(BaseSettings):
    realtimekit_webhook_ids: forms.Ids = Field(
        (),
        description="ids of our webhooks there: one key signs for all customers, so these say what is for us",
    )
    realtimekit_organization_ids: forms.Ids = Field(
        (),
        description="ids of our organisations there (`organizedBy.id` in a webhook); where they are set, an "
        "event that names another one is refused",
    )
    realtimekit_public_key_url: forms.KeyUrl = Field(
        "https://api.realtime.cloudflare.com/.well-known/webhooks.json",
        description="where the key is published that they sign with; `file:///` and a private key of your "
        "own in PEM to try `adjourn send`",
    )
    realtimekit_api_url: forms.RealtimeKitApiUrl = Field(
        "", description="their API, with your account and app in its path"
    )
    realtimekit_api_token: forms.Secret = Field(
        SecretStr(""), description="an API token of Cloudflare's that may read Realtime"
    )


def _scheme(settings: RealtimeKitSettings) -> "Scheme | None":
    from infra.providers.realtimekit.public_key import PublicKey  # every command would wait for these
    from receiver import realtimekit

    return realtimekit.scheme(
        PublicKey(settings.realtimekit_public_key_url, _KEPT_KEY),
        webhook_ids=settings.realtimekit_webhook_ids,
        organization_ids=settings.realtimekit_organization_ids,
    )


def _api(settings: RealtimeKitSettings) -> "AbstractAsyncContextManager[ProviderApi] | None":
    token = settings.realtimekit_api_token.get_secret_value()
    if not token or not settings.realtimekit_api_url:
        return None
    from infra.providers.realtimekit.api import open_realtimekit  # its HTTP client is slow to load

    return open_realtimekit(settings.realtimekit_api_url, token)


def _sign(brand: "Brand", settings: RealtimeKitSettings, outgoing: Outgoing) -> Mapping[str, str]:
    from infra.providers.realtimekit import own_key
    from receiver import realtimekit

    url = settings.realtimekit_public_key_url
    if not url.startswith("file:"):
        raise Halt(
            "Only RealtimeKit can sign its events. To try it with a key of your own: `openssl genrsa -out"
            " key.pem 2048`, and ADJOURN_REALTIMEKIT_PUBLIC_KEY_URL=file:///whole/path/key.pem in .env."
        )
    try:
        signature = own_key.signature(Path(unquote(urlsplit(url).path)).read_bytes(), outgoing.body)
    except (OSError, ValueError) as error:
        raise Halt(
            "The file that ADJOURN_REALTIMEKIT_PUBLIC_KEY_URL names is no private key in PEM: make one with"
            " `openssl genrsa -out key.pem 2048`."
        ) from error
    return realtimekit.sign(brand, signature, id=outgoing.id, webhook_id=settings.realtimekit_webhook_ids[0])


def _channel(name: "Brand", sample: str) -> Channel:
    return Channel("realtimekit_webhook_ids", partial(_sign, name), sample)


def _demo_settings(_: str) -> Sequence[str]:
    """With a key of our own in the place of theirs, for nobody else can sign as they do."""
    from infra.providers.realtimekit import own_key

    file = (FOLDER / "signing-key.pem").absolute()
    file.touch(mode=0o600)
    file.write_bytes(own_key.made())
    return (
        f"ADJOURN_REALTIMEKIT_WEBHOOK_IDS={uuid.uuid4()}",
        f"ADJOURN_REALTIMEKIT_PUBLIC_KEY_URL={file.as_uri()}",
    )


_SESSION: Final = "05e57591-3a4c-4f6d-9b8e-2c7d1f0a5e63"

_DEMO: Final = Demo(
    _demo_settings,
    (
        ("Somebody comes into the room, another one follows, and they are recorded:", [
            "send realtimekit/webhook/meeting.started",
            "send realtimekit/webhook/meeting.participantJoined",
            "send realtimekit/webhook/meeting.participantJoined.second",
            "send realtimekit/webhook/recording.statusUpdate.RECORDING",
        ]),
        ("They leave. The statuses of the recording come in the wrong order:", [
            "send realtimekit/webhook/meeting.ended",
            "send --media realtimekit/webhook/recording.statusUpdate.UPLOADED",
            "send realtimekit/webhook/recording.statusUpdate.UPLOADING",
        ]),
        ("What was said, written and summarised there follows, each behind a link of its own:", [
            "send --media realtimekit/webhook/meeting.transcript",
            "send --media realtimekit/webhook/meeting.chatSynced",
            "send --media realtimekit/webhook/meeting.summary",
        ]),
        ("What is known now:", ["meetings", f"meeting {_SESSION}"]),
        ("What was said, and where:", [f"transcript {_SESSION}", "search invitations today"]),
        ("Is every file still what it was when it was stored:", ["verify"]),
    ),
)  # fmt: skip

REALTIMEKIT: Final = Sender(
    "Cloudflare RealtimeKit",
    settings=RealtimeKitSettings,
    scheme=_scheme,
    api=_api,
    channels={
        "webhook": _channel("webhook", "recording.statusUpdate.UPLOADED"),
        "legacy": _channel("legacy", "recording.statusUpdate.UPLOADED"),
    },
    demo=_DEMO,
    registering=REGISTERING,
)
