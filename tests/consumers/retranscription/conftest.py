"""Every test of a retranscription runs on each database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.consumers.retranscription.desk import Desk, opened_desk
from tests.infra.database.databases import DATABASE_URLS


@pytest.fixture(params=DATABASE_URLS)
async def desk(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Desk]:
    async with opened_desk(tmp_path, database_url=DATABASE_URLS[request.param](request)) as opened:
        yield opened
