"""Where Meeting BaaS is told to post: by its API in v1, by its dashboard in v2.

The dashboard's own words: https://github.com/Meeting-BaaS/frontend-v2 at 613612a, `components/webhooks/` and
`components/alerts/`. v2 has no public API for its endpoints.
"""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Final

from adjourn.senders.registering import Registering
from adjourn.senders.sender import revealed

if TYPE_CHECKING:
    from adjourn.settings import Settings
    from infra.providers.registration import Registration


def _by_api(settings: "Settings") -> "AbstractAsyncContextManager[Registration] | None":
    if not settings.meeting_baas_api_keys:
        return None
    from infra.providers.meeting_baas.registration import open_registration  # its HTTP client is slow to load

    return open_registration(settings.meeting_baas_api_url, revealed(settings.meeting_baas_api_keys)[0])


def _by_hand(settings: "Settings", url: str) -> Sequence[str]:
    svix = "is set" if settings.meeting_baas_svix_secrets else "is not set yet"
    alerts = "is set" if settings.meeting_baas_alert_secrets else "is not set yet"
    return (
        "For v2: at https://dashboard.meetingbaas.com, on the page Webhooks, click «Add webhook». "
        f"Endpoint URL: {url}",
        "Events: choose all that begin with bot., and those of calendars if you use them. Click «Save».",
        "On the page that opens, copy «Signing Secret» (whsec_…) into .env as "
        f"ADJOURN_MEETING_BAAS_SVIX_SECRETS, which {svix}; then start Adjourn again.",
        "On the page Alerts, add a rule for webhook_delivery_exhausted, with a callback to the same URL and "
        "a secret of your own, which goes into .env as ADJOURN_MEETING_BAAS_ALERT_SECRETS and "
        f"{alerts}: it has Adjourn fetch at once what was given up.",
    )


REGISTERING: Final = Registering(_by_hand, of="v1 webhooks of the account", by_api=_by_api)
