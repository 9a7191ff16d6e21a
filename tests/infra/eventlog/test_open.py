"""Which log a URL means."""

from pathlib import Path

import pytest

from infra.eventlog.open import open_log


async def test_three_slashes_are_relative_to_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    log = open_log("sqlite:///var/log.db")
    await log.setup()
    await log.close()

    assert (tmp_path / "var" / "log.db").is_file()


async def test_four_slashes_are_absolute(tmp_path: Path) -> None:
    log = open_log(f"sqlite:///{tmp_path}/with%20space/log.db")
    await log.setup()
    await log.close()

    assert (tmp_path / "with space" / "log.db").is_file()


async def test_a_name_that_means_something_in_a_url_is_only_a_name(tmp_path: Path) -> None:
    log = open_log(f"sqlite:///{tmp_path}/a%3Fmode=ro%23b%25.db")
    await log.setup()
    await log.close()

    assert (tmp_path / "a?mode=ro#b%.db").is_file()


@pytest.mark.parametrize(
    "url", ["", "var/log.db", "sqlite:", "sqlite://", "sqlite:///", "sqlite://var/log.db", "redis:///x"]
)
def test_what_names_no_log_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(ValueError, match=r"sqlite:///var/log\.db"):
        open_log(url)
