from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.receiver.harness import Receiver, running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_receiver(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Receiver]:
    async with running(tmp_path_factory.mktemp("receiver")) as receiver:
        yield receiver


@pytest_asyncio.fixture(loop_scope="module")
async def receiver(shared_receiver: Receiver) -> Receiver:
    """Started once a module, because each start and stop takes a while: it looks new to every test."""
    return await shared_receiver.from_now_on()
