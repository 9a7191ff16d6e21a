"""Everything about replay holds on the embedded stack and on servers."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.infra.database.databases import DATABASE_URLS
from tests.replay.pipeline import Pipeline, pipeline


@pytest.fixture(params=["embedded", "servers"])
def urls(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    """Of a log and a database that nobody else uses."""
    if request.param == "embedded":
        return f"sqlite:///{tmp_path}/log.db", f"sqlite:///{tmp_path}/adjourn.db"
    log_url = f"{request.getfixturevalue('kafka').url}?prefix={uuid4().hex}."
    return log_url, DATABASE_URLS["postgresql"](request)


@pytest.fixture
async def p(urls: tuple[str, str]) -> AsyncIterator[Pipeline]:
    async with pipeline(*urls) as opened:
        yield opened
