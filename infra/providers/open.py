"""The providers' APIs, as far as we have keys for them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

from infra.providers.base import ProviderApi
from infra.providers.directory import Directory


@asynccontextmanager
async def open_providers(
    apis: Mapping[str, AbstractAsyncContextManager[ProviderApi]],
) -> AsyncIterator[Mapping[str, ProviderApi]]:
    """All of them, by the provider's name, until the context ends."""
    async with AsyncExitStack() as stack:
        yield {provider: await stack.enter_async_context(api) for provider, api in apis.items()}


@asynccontextmanager
async def open_directories(
    directories: Mapping[str, AbstractAsyncContextManager[Directory]],
) -> AsyncIterator[Mapping[str, Directory]]:
    """As `open_providers`."""
    async with AsyncExitStack() as stack:
        yield {provider: await stack.enter_async_context(each) for provider, each in directories.items()}
