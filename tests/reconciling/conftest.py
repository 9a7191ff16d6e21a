from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.reconciling.comparing import Scene, opened_scene


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with opened_scene(tmp_path) as opened:
        yield opened
