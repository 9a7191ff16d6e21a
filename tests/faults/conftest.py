"""The stores that the faults of copies are tried on."""

from pathlib import Path

import pytest

from tests.contracts.objects.conftest import STORES


@pytest.fixture(params=STORES)
def objects_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of a store that is empty."""
    return STORES[request.param](tmp_path, request)
