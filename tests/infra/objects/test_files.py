"""What is true of objects in a folder only: disks that refuse, processes that die, paths."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from infra.errors import Halt
from infra.objects.base import ObjectChanged
from infra.objects.disk import make_folders, this_boot
from infra.objects.files import FileObjects
from infra.objects.open import open_objects
from infra.objects.parts import alone

FILLING = (sys.executable, "-m", "tests.infra.objects.filling")
UPLOADING = (sys.executable, "-m", "tests.infra.objects.uploading")
COMING_AND_GOING = """
import os, sys
while True:
    for make_or_remove in (os.mkdir, os.rmdir):
        try:
            make_or_remove(sys.argv[1])
        except OSError:
            pass
"""
SIZE = 2_000_000
needs_root = pytest.mark.skipif(
    os.geteuid() != 0 and "CI" not in os.environ, reason="mounting a small disk needs root"
)


@pytest.fixture
async def objects(tmp_path: Path) -> FileObjects:
    store = FileObjects(tmp_path)
    await store.setup()
    return store


def mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount("-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk))
    try:
        yield disk
    finally:
        subprocess.run(["umount", disk], check=True)


def fill(ballast: Path) -> None:
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))


def files_below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@needs_root
async def test_a_full_disk_says_what_to_do_and_leaves_no_half_file(small_disk: Path) -> None:
    objects = FileObjects(small_disk)
    await objects.setup()
    with pytest.raises(Halt, match=rf"The disk of {small_disk} is full: make room"):
        await objects.put("a/x", bytes(2_000_000), media_type="video/mp4")
    assert files_below(small_disk) == []


@needs_root
async def test_a_disk_that_has_room_again_takes_objects_again(small_disk: Path) -> None:
    objects = FileObjects(small_disk)
    await objects.setup()
    ballast = small_disk / "ballast"
    fill(ballast)
    with pytest.raises(Halt):
        await objects.probe()
    ballast.unlink()
    await objects.probe()
    await objects.put("a/x", bytes(500_000), media_type="video/mp4")
    assert files_below(small_disk) == ["a/x"]


@needs_root
async def test_a_disk_that_can_only_be_read_says_what_to_do(small_disk: Path) -> None:
    objects = FileObjects(small_disk)
    await objects.setup()
    await objects.put("a/x", b"kept", media_type="text/plain")
    mount("-o", "remount,ro", str(small_disk))
    with pytest.raises(Halt, match="can only be read"):
        await objects.probe()
    with pytest.raises(Halt, match="can only be read"):
        await objects.delete("a/x")
    assert [chunk async for chunk in objects.read("a/x")] == [b"kept"]


async def test_a_file_that_may_not_grow_says_what_to_do(tmp_path: Path) -> None:
    child = await asyncio.create_subprocess_exec(*FILLING, str(tmp_path), stdout=asyncio.subprocess.PIPE)
    said, _ = await child.communicate()
    assert said.decode().splitlines() == [
        f"A file in {tmp_path} may not become larger: raise the limit on file sizes, then start again."
    ]
    assert files_below(tmp_path) == []


async def test_a_folder_that_is_not_there_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Halt, match=r"is not there: mount it, or create it with `adjourn setup`"):
        await FileObjects(tmp_path / "unmounted").probe()


async def test_what_cannot_be_deleted_is_not_said_to_be_gone(objects: FileObjects) -> None:
    """A backup of the objects need not have had the folder of uploads in it."""
    await objects.put("a/x", b"x", media_type="")
    (objects.root / ".uploads").rmdir()
    with pytest.raises(Halt, match="create it with `adjourn setup`"):
        await objects.delete("a/x")
    await objects.setup()
    await objects.delete("a/x")
    assert [found async for found in objects.list("")] == []


async def test_a_file_in_the_place_of_the_folder_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "objects").write_text("in the way")

    for refused in (FileObjects(tmp_path / "objects").setup, FileObjects(tmp_path / "objects").probe):
        with pytest.raises(Halt, match="is a file: move it away"):
            await refused()


async def test_a_process_killed_in_an_upload_leaves_no_half_file_under_a_name(objects: FileObjects) -> None:
    for round_ in range(10):
        child = await asyncio.create_subprocess_exec(
            *UPLOADING, f"file:///{objects.root}", str(SIZE), stdout=asyncio.subprocess.PIPE
        )
        assert child.stdout is not None
        await child.stdout.readline()
        # Somewhere in one of the next uploads: each time at another point of it.
        await asyncio.sleep(round_ * 0.003)
        child.kill()
        await child.communicate()
        sizes = {found.size async for found in objects.list("")}
        assert sizes == {SIZE}
        async for found in objects.list(""):
            await objects.delete(found.name)
    assert (await objects.sweep(0)).uploads > 0
    assert files_below(objects.root) == []


async def test_a_sweep_leaves_the_uploads_of_living_processes_alone(objects: FileObjects) -> None:
    child = await asyncio.create_subprocess_exec(
        *UPLOADING, f"file:///{objects.root}", str(SIZE), stdout=asyncio.subprocess.PIPE
    )
    assert child.stdout is not None
    try:
        for _ in range(20):
            await objects.sweep(0)
            assert (await child.stdout.readline()).strip().isdigit()
    finally:
        child.kill()
        await child.communicate()


async def test_who_replaces_an_object_waits_for_others_who_do(objects: FileObjects, tmp_path: Path) -> None:
    """Else a version that was looked at could be gone before it is replaced."""
    found = await objects.put("a/x", b"first", media_type="text/plain")
    with alone(tmp_path / ".uploads"):
        replacing = objects.put("a/x", b"third", media_type="text/plain", replace=found)
        waiting = asyncio.create_task(replacing)
        done, _ = await asyncio.wait({waiting}, timeout=0.3)
        assert not done
        (tmp_path / "second").write_bytes(b"second")
        os.replace(tmp_path / "second", tmp_path / "a/x")
    with pytest.raises(ObjectChanged):
        await waiting
    assert (tmp_path / "a/x").read_bytes() == b"second"


async def test_an_object_may_be_read_by_whom_the_umask_lets(objects: FileObjects) -> None:
    await objects.put("a/x", b"x", media_type="text/plain")
    umask = os.umask(0)
    os.umask(umask)
    assert (objects.root / "a/x").stat().st_mode & 0o777 == 0o666 & ~umask


async def test_deleting_the_last_object_of_a_folder_takes_the_folder_away(objects: FileObjects) -> None:
    await objects.put("provider/meeting/x", b"x", media_type="text/plain")
    await objects.put("provider/meeting/y", b"y", media_type="text/plain")
    await objects.delete("provider/meeting/x")
    assert (objects.root / "provider/meeting").is_dir()
    await objects.delete("provider/meeting/y")
    assert not (objects.root / "provider").exists()


def test_a_folder_that_another_makes_and_removes_is_not_taken_for_a_file(tmp_path: Path) -> None:
    folder = tmp_path / "meeting"
    with subprocess.Popen([sys.executable, "-c", COMING_AND_GOING, folder]) as other:
        try:
            for _ in range(100_000):
                make_folders(folder)
        finally:
            other.kill()


async def test_a_name_below_an_object_is_refused(objects: FileObjects) -> None:
    await objects.put("a/x", b"x", media_type="text/plain")
    with pytest.raises(ValueError, match="a file, or the other way round"):
        await objects.put("a/x/y", b"y", media_type="text/plain")
    assert files_below(objects.root) == ["a/x"]


def test_a_url_is_relative_with_three_slashes_and_absolute_with_four(tmp_path: Path) -> None:
    assert open_objects("file:///var/objects") == FileObjects(Path.cwd() / "var/objects", this_boot())
    assert open_objects(f"file:///{tmp_path}") == FileObjects(tmp_path, this_boot())


@pytest.mark.parametrize("url", ["", "file:", "file:///", "file://host/x", "var/objects", "ftp:///x"])
def test_a_url_that_names_no_folder_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="must be file:/// and the path of a folder"):
        open_objects(url)


async def test_the_url_of_an_object_is_its_path(objects: FileObjects) -> None:
    assert objects.url("a/x%2Fy.mp4") == f"file://{objects.root}/a/x%252Fy.mp4"
