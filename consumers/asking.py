"""The API of a meeting's sender, where it must be asked."""

from typing import TYPE_CHECKING

from consumers.base import Services
from infra.errors import Poison

if TYPE_CHECKING:
    from infra.providers.base import ProviderApi


def api_of(provider: str, services: Services) -> "ProviderApi":
    """Raises `Poison` where we have no key to it."""
    api = services.providers.get(provider)
    if api is None:
        prefix = f"ADJOURN_{provider.upper().replace('-', '_')}_"
        raise Poison(
            f"We have no key to the API of {provider}, which alone has this: set it, as README says under"
            f" {prefix}…, and then `adjourn replay`."
        )
    return api
