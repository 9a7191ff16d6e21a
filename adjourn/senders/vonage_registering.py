"""Where Vonage is told to post: by its API for an application, by a person for a project of OpenTok's."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Final

from adjourn.senders.registering import Registering

if TYPE_CHECKING:
    from adjourn.settings import Settings
    from infra.providers.registration import Registration

_PLACES: Final = {
    "session": "Session monitoring",
    "archive": "Archive monitoring",
    "broadcast": "Broadcast",
    "captions": "Live captions",
    "sip": "SIP monitoring",
    "render": "Experience Composer",
}


def _by_api(settings: "Settings") -> "AbstractAsyncContextManager[Registration] | None":
    secret = settings.vonage_api_secret.get_secret_value()
    if not (settings.vonage_application_id and settings.vonage_api_key and secret):
        return None
    from infra.providers.vonage.registration import open_registration  # its HTTP client is slow to load

    return open_registration(
        settings.vonage_applications_url, settings.vonage_api_key, secret, settings.vonage_application_id
    )


def _by_hand(settings: "Settings", url: str) -> Sequence[str]:
    steps = []
    if _by_api(settings) is None:
        where = (
            "https://dashboard.vonage.com, Applications, your application, Video"
            if settings.vonage_application_id
            else "https://tokbox.com/account, your project, Project settings"
        )
        places = ", ".join(f"«{place}» {url.rstrip('/')}/{category}" for category, place in _PLACES.items())
        steps.append(f"At {where}: set the callback URLs {places}.")
    if settings.vonage_signature_secrets:
        steps.append(
            "There, switch on secure callbacks, and see that each category's signature secret is among "
            "ADJOURN_VONAGE_SIGNATURE_SECRETS."
        )
    else:
        steps.append(
            "There, switch on secure callbacks, and put the secrets into .env: "
            "ADJOURN_VONAGE_SIGNATURE_SECRETS=session:…,archive:…; then start Adjourn again."
        )
    return steps


REGISTERING: Final = Registering(_by_hand, of="callbacks of the application", by_api=_by_api)
