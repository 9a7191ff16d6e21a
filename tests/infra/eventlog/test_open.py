"""Which log a URL means."""

from pathlib import Path

import pytest

from infra.eventlog.kafka.cluster import cluster_at
from infra.eventlog.kafka.options import KafkaOptions
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
    ("url", "servers", "prefix"),
    [
        ("kafka://one:9092", ("one:9092",), ""),
        ("kafka://one:9092,two:9093/", ("one:9092", "two:9093"), ""),
        ("kafka://[::1]:9092,two?prefix=staging.", ("[::1]:9092", "two"), "staging."),
    ],
)
def test_brokers_are_listed_with_commas_and_a_prefix_may_follow(
    url: str, servers: tuple[str, ...], prefix: str
) -> None:
    cluster = cluster_at(url, KafkaOptions())

    assert (cluster.servers, cluster.prefix) == (servers, prefix)


@pytest.mark.parametrize(
    "url",
    [
        *(
            "kafka://",
            "kafka:///x",
            "kafka://one:9092/topic",
            "kafka://one:9092?prefx=a",
            "kafka://one?prefix=a/b",
        ),
        *("kafka://user:secret@one:9092", "kafka://one?prefix=ä"),
    ],
)
def test_what_names_no_cluster_is_refused_with_an_example_and_without_what_may_be_a_secret(url: str) -> None:
    with pytest.raises(ValueError, match=r"kafka://host:9092") as refused:
        open_log(url)

    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "url", ["", "var/log.db", "sqlite:", "sqlite://", "sqlite:///", "sqlite://var/log.db", "redis:///x"]
)
def test_what_names_no_log_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(ValueError, match=r"sqlite:///var/log\.db"):
        open_log(url)
