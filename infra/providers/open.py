"""The providers' APIs, as far as we have keys for them."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from infra.providers.base import ProviderApi


@asynccontextmanager
async def open_providers(
    *, meeting_baas_url: str, meeting_baas_keys: Sequence[str]
) -> AsyncIterator[Mapping[str, ProviderApi]]:
    """By the provider's name; none where we have no key. Of several keys the first is used, the newest."""
    async with AsyncExitStack() as stack:
        providers: dict[str, ProviderApi] = {}
        if meeting_baas_keys:
            from infra.providers.meeting_baas import open_meeting_baas  # its HTTP client is slow to load

            providers["meeting-baas"] = await stack.enter_async_context(
                open_meeting_baas(meeting_baas_url, meeting_baas_keys[0])
            )
        yield providers
