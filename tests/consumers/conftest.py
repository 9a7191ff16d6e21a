from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.consumers.storing import Bench, opened_bench
from tests.infra.database.databases import DATABASE_URLS


@pytest.fixture(params=DATABASE_URLS)
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    """On every database, one after the other; nothing to download."""
    async with opened_bench(tmp_path, {}, database_url=DATABASE_URLS[request.param](request)) as opened:
        yield opened
