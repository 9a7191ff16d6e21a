"""Where RealtimeKit is told to post: by its API, where there is a token for it."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Final

from adjourn.senders.registering import Registering

if TYPE_CHECKING:
    from adjourn.settings import Settings
    from infra.providers.registration import Registration


def _by_api(settings: "Settings") -> "AbstractAsyncContextManager[Registration] | None":
    token = settings.realtimekit_api_token.get_secret_value()
    if not token or not settings.realtimekit_api_url:
        return None
    from infra.providers.realtimekit.registration import open_registration  # its HTTP client is slow to load

    return open_registration(settings.realtimekit_api_url, token, settings.realtimekit_webhook_ids)


def _by_hand(settings: "Settings", url: str) -> Sequence[str]:
    if _by_api(settings) is not None:
        return ()
    return (
        "At https://dash.cloudflare.com, create an API token that may edit Realtime, and put it into .env as "
        "ADJOURN_REALTIMEKIT_API_TOKEN.",
        "Beside it, with the ids of your account and of your app, put ADJOURN_REALTIMEKIT_API_URL="
        "https://api.cloudflare.com/client/v4/accounts/ACCOUNT/realtime/kit/APP",
        f"Call this again: it creates the webhook to {url}, and tells its id.",
    )


REGISTERING: Final = Registering(_by_hand, of="all events of the app", by_api=_by_api)
