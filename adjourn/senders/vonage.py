"""Vonage Video, and 23blocks on top, as the program is told of them."""

import secrets
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

from adjourn import forms
from adjourn.senders.demo import Demo
from adjourn.senders.sender import Channel, Outgoing, Sender, revealed
from adjourn.senders.vonage_registering import REGISTERING
from infra.errors import Halt
from receiver import vonage
from receiver.admission import Scheme

if TYPE_CHECKING:
    from infra.providers.base import ProviderApi
    from infra.providers.twentythree_blocks import TwentyThreeBlocks
    from infra.providers.vonage.tokens import Authorize

_OPENTOK_URL: Final = "https://api.opentok.com"
_APPLICATIONS_URL: Final = "https://video.api.vonage.com"

_Key = Annotated[str, forms.Form("the number of a project, or the key of an account", "47110815")]
_Id = Annotated[str, forms.Form("an application's id", "78d335fa-323d-0114-9c3d-d6f0d48968cf")]
_Bucket = Annotated[
    str, Field(pattern=r"^(s3://.+)?$"), forms.Form("s3:// and a bucket", "s3://archives/prefix")
]
_Seconds = Annotated[int, Field(ge=1), forms.Form("a whole number of seconds", "300")]


class VonageSettings(BaseSettings):
    vonage_signature_secrets: forms.Secrets = Field(
        (),
        description="secrets of signed callbacks; one that is good for a single category (`session`, "
        "`archive`, `broadcast`, `captions`, `sip`, `render`) has its name and a colon before it",
    )
    vonage_path_token: forms.Secrets = Field(
        (),
        description="where callbacks are not signed: a long random word that stands in their URLs, "
        "`/webhooks/vonage/WORD` or `/webhooks/vonage/archive/WORD`",
    )
    vonage_signature_seconds: _Seconds = Field(
        vonage.TOLERANCE_SECONDS,
        description="how old a signature may be: more, if Vonage's retries turn out to bear their first one",
    )
    vonage_api_url: forms.ApiUrl = Field(
        "",
        description=f"their API, asked for each file just before it is fetched; empty means "
        f"`{_OPENTOK_URL}`, or `{_APPLICATIONS_URL}` where there is an application id",
    )
    vonage_api_key: _Key = Field("", description="an OpenTok project's key")
    vonage_api_secret: forms.Secret = Field(SecretStr(""), description="and its secret")
    vonage_application_id: _Id = Field("", description="in place of a project: a Vonage application's id")
    vonage_private_key_file: forms.PrivateKey = Field(
        "", description="and the file with its private key, as it was downloaded"
    )
    vonage_applications_url: forms.ApiUrl = Field(
        "https://api.nexmo.com",
        description="where an application's callbacks are registered, if the key and secret above are those "
        "of its account",
    )
    vonage_bucket_url: _Bucket = Field(
        "",
        description="your own bucket, if Vonage uploads archives there: `s3://bucket`, with endpoint, region "
        "and credentials from the usual `AWS_*` variables",
    )
    twentythree_blocks_api_url: forms.Urls = Field(
        ("https://realtime.api.us.23blocks.com", "https://conversations.api.us.23blocks.com"),
        validation_alias="ADJOURN_23BLOCKS_API_URL",
        description="where 23blocks' API is, if sessions are made by way of it; of several addresses, "
        "whichever answers",
    )
    twentythree_blocks_token: forms.Secret = Field(
        SecretStr(""), validation_alias="ADJOURN_23BLOCKS_TOKEN", description="our token there"
    )
    twentythree_blocks_app_id: forms.Name = Field(
        "", validation_alias="ADJOURN_23BLOCKS_APP_ID", description="and the key that it wants as `AppId`"
    )


def _scheme(settings: VonageSettings) -> Scheme | None:
    return vonage.scheme(
        signature_secrets=revealed(settings.vonage_signature_secrets),
        path_tokens=revealed(settings.vonage_path_token),
        tolerance_seconds=settings.vonage_signature_seconds,
    )


def _api(settings: VonageSettings) -> "AbstractAsyncContextManager[ProviderApi] | None":
    """Vonage's; and 23blocks' for what that knows nothing of: alone, where the Vonage account is not ours."""
    ours, theirs = _vonage_api(settings), _twentythree_blocks(settings)
    if ours is None or theirs is None:
        return ours or theirs
    from infra.providers.either import open_either

    return open_either(ours, theirs)


def _twentythree_blocks(settings: VonageSettings) -> "AbstractAsyncContextManager[TwentyThreeBlocks] | None":
    token = settings.twentythree_blocks_token.get_secret_value()
    if not token:
        return None
    from infra.providers.twentythree_blocks import open_twentythree_blocks

    urls = settings.twentythree_blocks_api_url
    return open_twentythree_blocks(urls, token, settings.twentythree_blocks_app_id)


def _vonage_api(settings: VonageSettings) -> "AbstractAsyncContextManager[ProviderApi] | None":
    project = settings.vonage_application_id or settings.vonage_api_key
    if not project:
        return None
    from infra.providers.vonage import open_vonage  # its HTTP client is slow to load

    url = _APPLICATIONS_URL if settings.vonage_application_id else _OPENTOK_URL
    in_bucket = None
    if settings.vonage_bucket_url:
        from infra.objects.s3.presigned import presigner

        in_bucket = presigner(settings.vonage_bucket_url)
    return open_vonage(settings.vonage_api_url or url, project, _authorize(settings), in_bucket=in_bucket)


def _authorize(settings: VonageSettings) -> "Authorize":
    """By the application where one is set: an account's key and secret may stand beside it."""
    from infra.providers.vonage import application, opentok

    if not settings.vonage_application_id:
        secret = settings.vonage_api_secret.get_secret_value()
        if not secret:
            raise Halt("ADJOURN_VONAGE_API_KEY is of no use without ADJOURN_VONAGE_API_SECRET: set both.")
        return opentok(settings.vonage_api_key, secret)
    if not settings.vonage_private_key_file:
        raise Halt(
            "ADJOURN_VONAGE_APPLICATION_ID is of no use without ADJOURN_VONAGE_PRIVATE_KEY_FILE: set both."
        )
    try:
        key = Path(settings.vonage_private_key_file).read_bytes()
    except OSError as error:
        raise Halt(
            f"The file that ADJOURN_VONAGE_PRIVATE_KEY_FILE names cannot be read ({error.strerror})."
        ) from error
    return application(settings.vonage_application_id, key)


def _sign(category: str | None, settings: VonageSettings, outgoing: Outgoing) -> Mapping[str, str]:
    """Nothing where the path is the proof."""
    secret = vonage.newest_for(category, revealed(settings.vonage_signature_secrets))
    if secret is not None:
        return vonage.sign(
            secret, body=outgoing.body, id=outgoing.id, timestamp_seconds=outgoing.time_seconds
        )
    if settings.vonage_path_token:
        return {}
    raise Halt(f"None of ADJOURN_VONAGE_SIGNATURE_SECRETS is good for the category {category}.")


def _path(category: str | None, settings: VonageSettings) -> str:
    is_signed = vonage.newest_for(category, revealed(settings.vonage_signature_secrets)) is not None
    token = "" if is_signed else next(iter(revealed(settings.vonage_path_token)), "")
    return "".join(f"/{segment}" for segment in (category, token) if segment)


def _channel(category: str | None, sample: str) -> Channel:
    return Channel(
        "vonage_signature_secrets",
        partial(_sign, category),
        sample,
        partial(_path, category),
        or_setting="vonage_path_token",
    )


_SAMPLES: Final = {
    "session": "sessionDestroyed",
    "archive": "available",
    "broadcast": "started",
    "captions": "started",
    "sip": "callCreated",
    "render": "started",
}
_CHANNELS: Final = {
    vonage.ANY: _channel(None, "archive.available"),
    **{category: _channel(category, sample) for category, sample in _SAMPLES.items()},
}


def _demo_settings(api_url: str) -> Sequence[str]:
    return (
        f"ADJOURN_VONAGE_SIGNATURE_SECRETS=session:{secrets.token_hex(20)},archive:{secrets.token_hex(20)}",
        f"ADJOURN_VONAGE_API_URL={api_url}",
        "ADJOURN_VONAGE_API_KEY=47110815",
        f"ADJOURN_VONAGE_API_SECRET={secrets.token_hex(20)}",
    )


_MEETING: Final = "2_MX40NzExMDgxNX5-MTc3MjQ0NTU5MDAwMH5hZGpvdXJuU2FtcGxlMX5-fn4"

_DEMO: Final = Demo(
    _demo_settings,
    (
        ("A session begins, somebody comes, it is recorded twice: as one picture, and stream by stream:", [
            "send vonage/session/sessionCreated",
            "send vonage/session/streamCreated",
            "send vonage/archive/started",
        ]),
        ("Everybody leaves:", [
            "send vonage/archive/stopped",
            "send vonage/session/sessionDestroyed",
        ]),
        ("The composed archive is ready. Its link is asked for anew at the API, its file stored:", [
            "send --media vonage/archive/available",
        ]),
        ("So is the one of single streams, in a zip, with its transcription:", [
            "send --media vonage/archive/available.transcription",
        ]),
        ("What is known now:", ["meetings", f"meeting {_MEETING}"]),
        ("What was said, and where:", [f"transcript {_MEETING}", "search invitations today"]),
        ("Is every file still what it was when it was stored:", ["verify"]),
    ),
)  # fmt: skip

VONAGE: Final = Sender(
    "Vonage Video",
    settings=VonageSettings,
    scheme=_scheme,
    api=_api,
    channels=_CHANNELS,
    demo=_DEMO,
    directory=_twentythree_blocks,
    registering=REGISTERING,
)
