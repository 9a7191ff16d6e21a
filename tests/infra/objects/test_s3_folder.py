"""Where parts for S3 wait: whose they are, what outlives a process, and what is swept."""

import os
import time
from pathlib import Path
from threading import Event

import pytest

from infra.errors import Halt, Retryable
from infra.objects.s3.folder import ClaimedFolder, PartsFolder, parts_folder
from infra.objects.s3.parts import Part

HOUR = 3600


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "var" / "parts"


@pytest.fixture
def folders(root: Path) -> PartsFolder:
    return parts_folder(root, "s3://bucket", "this boot")


def claimed(folders: PartsFolder, upload_id: str = "an upload") -> ClaimedFolder:
    folder = folders.claim(upload_id)
    assert folder is not None
    return folder


def left(folders: PartsFolder, upload_id: str = "an upload", content: bytes = b"some bytes") -> None:
    folder = claimed(folders, upload_id)
    part = folder.part(1)
    part.add([memoryview(content)])
    part.leave()
    folder.leave()


def recovered(folders: PartsFolder, number: int = 1) -> tuple[int, int]:
    """The size and the CRC of what is there."""
    folder = claimed(folders)
    part = folder.part(number)
    part.recover()
    part.leave()
    folder.leave()
    return part.size, part.crc


def content(part: Part) -> bytes:
    body = part.body(Event())
    return b"".join(bytes(piece) for piece in iter(body.read, b""))


def test_what_was_added_is_there_for_the_next_who_claims_it(folders: PartsFolder) -> None:
    left(folders, content=b"1234")
    folder = claimed(folders)
    part = folder.part(1)
    part.recover()
    part.add([memoryview(b"56789")])
    assert (part.size, part.crc) == (9, 0xCBF43926)
    assert content(part) == b"123456789"
    part.leave()
    folder.leave()


def test_a_part_that_begins_has_nothing_of_an_earlier_one_of_its_number(folders: PartsFolder) -> None:
    left(folders, content=b"from before")
    left(folders, content=b"now")
    assert recovered(folders)[0] == 3


@pytest.mark.parametrize("boot", ["another boot", ""])
def test_what_was_written_before_the_machine_started_is_not_relied_on(root: Path, boot: str) -> None:
    left(parts_folder(root, "s3://bucket", "this boot"))
    assert recovered(parts_folder(root, "s3://bucket", boot)) == (0, 0)


def test_where_no_start_of_the_machine_can_be_told_nothing_is_relied_on(root: Path) -> None:
    left(parts_folder(root, "s3://bucket", ""))
    assert recovered(parts_folder(root, "s3://bucket", "")) == (0, 0)


def test_an_upload_is_one_processs_at_a_time(folders: PartsFolder) -> None:
    folder = claimed(folders)
    assert folders.claim("an upload") is None
    claimed(folders, "another upload").leave()
    folder.leave()
    claimed(folders).leave()


def test_a_part_that_was_left_takes_nothing_more(folders: PartsFolder) -> None:
    folder = claimed(folders)
    part = folder.part(1)
    part.add([memoryview(b"some bytes")])
    part.leave()
    with pytest.raises(Retryable, match="was left"):
        part.add([memoryview(b"more")])
    folder.leave()
    assert recovered(folders)[0] == len(b"some bytes")


def test_a_part_that_the_server_has_is_nowhere_else(folders: PartsFolder, root: Path) -> None:
    folder = claimed(folders)
    part = folder.part(1)
    part.add([memoryview(b"some bytes")])
    part.drop()
    assert [path for path in root.rglob("*") if path.is_file()] == []
    folder.leave()


def test_a_discarded_upload_takes_no_further_part(folders: PartsFolder, root: Path) -> None:
    folder = claimed(folders)
    folders.remove("an upload")
    with pytest.raises(Retryable, match="was discarded"):
        folder.part(1).add([memoryview(b"some bytes")])
    folder.leave()
    assert list(root.rglob("*/*")) == []


def test_what_dead_processes_left_is_swept(folders: PartsFolder, root: Path) -> None:
    left(folders, "one")
    left(folders, "two")
    assert folders.sweep(time.time() + HOUR, keep=()) == 2 * len(b"some bytes")
    assert list(root.rglob("*/*")) == []


def test_a_sweep_leaves_what_is_young_what_is_kept_and_what_is_written(folders: PartsFolder) -> None:
    left(folders, "young")
    assert folders.sweep(time.time() - HOUR, keep=()) == 0
    left(folders, "kept")
    left(folders, "written")
    writing = claimed(folders, "written")
    assert folders.sweep(time.time() + HOUR, keep={"kept", "young"}) == 0
    writing.leave()
    assert folders.sweep(time.time() + HOUR, keep={"kept", "young"}) == len(b"some bytes")


def test_a_sweep_leaves_other_stores_parts(folders: PartsFolder, root: Path) -> None:
    left(parts_folder(root, "s3://bucket/other", "this boot"))
    assert folders.sweep(time.time() + HOUR, keep=()) == 0


def test_an_upload_is_alive_while_it_is_written_or_was_just_now(folders: PartsFolder) -> None:
    assert not folders.is_alive("an upload", 0)
    folder = claimed(folders)
    assert folders.is_alive("an upload", time.time() + HOUR)
    folder.leave()
    assert folders.is_alive("an upload", time.time() - HOUR)
    assert not folders.is_alive("an upload", time.time() + HOUR)


def test_a_folder_that_takes_no_part_is_told_by_a_probe(folders: PartsFolder, root: Path) -> None:
    folders.probe()
    assert list(root.rglob("*/*")) == []
    folders.path.rmdir()
    root.rmdir()
    os.mkfifo(root)
    with pytest.raises(Halt, match=str(root)):
        folders.probe()
