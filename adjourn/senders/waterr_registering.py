"""Where Waterr is told to post: by its API, where there is a key for it."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Final

from adjourn.senders.registering import Registering

if TYPE_CHECKING:
    from adjourn.settings import Settings
    from infra.providers.registration import Registration


def _by_api(settings: "Settings") -> "AbstractAsyncContextManager[Registration] | None":
    key = settings.waterr_api_key.get_secret_value()
    if not key:
        return None
    from infra.providers.waterr.registration import open_registration  # its HTTP client is slow to load

    return open_registration(settings.waterr_api_url, key, has_secret=bool(settings.waterr_secrets))


def _by_hand(settings: "Settings", url: str) -> Sequence[str]:
    if _by_api(settings) is not None:
        return ()
    return (
        "In Waterr's dashboard, create an API key (`wai_…`), and put it into .env as ADJOURN_WATERR_API_KEY:"
        " without it neither recordings nor transcripts can be had.",
        f"Call this again: it creates the endpoint that posts to {url}, and tells its secret.",
    )


REGISTERING: Final = Registering(_by_hand, of="all events of the account", by_api=_by_api)
