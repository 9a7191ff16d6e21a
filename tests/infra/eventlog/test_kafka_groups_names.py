"""Under which names members come back to their group."""

import subprocess
import sys
from pathlib import Path

import pytest

from infra.errors import LogUnavailable
from infra.eventlog.kafka.names import held_name

_HOLD = """
import sys, time
from pathlib import Path
from infra.eventlog.kafka.names import held_name
with held_name(Path(sys.argv[1]), "recordings") as name:
    print(name, flush=True)
    time.sleep(60)
"""


def test_a_name_is_found_again_by_the_next_that_comes(tmp_path: Path) -> None:
    with held_name(tmp_path / "new", "recordings") as first:
        pass
    with held_name(tmp_path / "new", "recordings") as again:
        pass

    assert first == again != ""


def test_members_that_live_at_one_time_have_names_of_their_own(tmp_path: Path) -> None:
    with held_name(tmp_path, "recordings") as first, held_name(tmp_path, "recordings") as second:
        assert first != second


def test_groups_do_not_share_names(tmp_path: Path) -> None:
    with held_name(tmp_path, "recordings") as first, held_name(tmp_path, "../recordings") as second:
        assert first != second


def test_a_killed_member_leaves_its_name_to_the_next(tmp_path: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", _HOLD, tmp_path], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    with holder.stdout as told:
        name = told.readline().strip()
        with held_name(tmp_path, "recordings") as other:
            assert other != name
        holder.kill()
        holder.wait()

    with held_name(tmp_path, "recordings") as again:
        assert again == name


def test_a_folder_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(LogUnavailable, match="file"), held_name(tmp_path / "file", "recordings"):
        pass
