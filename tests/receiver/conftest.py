from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.receiver.harness import Receiver, running


@pytest.fixture
async def receiver(tmp_path: Path) -> AsyncIterator[Receiver]:
    async with running(tmp_path) as receiver:
        yield receiver
