"""What the object store's contract runs on. A store joins by a line in `STORES`."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from uuid import uuid4

import pytest

from infra.objects.base import ObjectStore
from infra.objects.open import open_objects
from tests.contracts.objects.others import OtherProcess, other_process
from tests.infra.objects.s3 import use_server


def _files(folder: Path, request: pytest.FixtureRequest) -> str:
    return f"file:///{folder}/objects"


def _s3(folder: Path, request: pytest.FixtureRequest) -> str:
    use_server(request.getfixturevalue("seaweed"), request.getfixturevalue("monkeypatch"))
    return f"s3://contract/{uuid4()}"


STORES: dict[str, Callable[[Path, pytest.FixtureRequest], str]] = {"files": _files, "s3": _s3}


@pytest.fixture(params=STORES)
def objects_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of a store that is empty."""
    return STORES[request.param](tmp_path, request)


@pytest.fixture
def parts_folder(tmp_path: Path) -> str:
    return str(tmp_path / "parts")


@pytest.fixture
async def objects(objects_url: str, parts_folder: str) -> ObjectStore:
    store = open_objects(objects_url, parts_folder=parts_folder)
    await store.setup()
    return store


@pytest.fixture
async def other(objects_url: str, parts_folder: str) -> AsyncIterator[OtherProcess]:
    """A process on this machine that has begun a resumable upload to the same store."""
    async with other_process(objects_url, parts_folder) as other:
        yield other
