"""Where the parts are: on this machine or elsewhere, and what of their URLs may be printed."""

from pathlib import Path

import pytest

from adjourn.places import embedded, require_existing, shown
from infra.errors import Halt


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///var/log.db", Path("var/log.db")),
        ("file:////var/objects", Path("/var/objects")),
        ("kafka://broker:9092", None),
        ("s3://bucket/prefix", None),
        ("postgresql:///adjourn", None),
    ],
)
def test_a_part_is_embedded_or_a_server(url: str, path: Path | None) -> None:
    assert embedded(url) == path


def test_a_missing_file_is_told_with_the_folder_that_was_looked_in(tmp_path: Path) -> None:
    with pytest.raises(Halt, match="adjourn setup"):
        require_existing(f"sqlite:///{tmp_path}/log.db")


def test_a_server_is_not_looked_for_on_the_disk() -> None:
    require_existing("kafka://broker:9092")


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("postgresql://me:secret@db:5432/adjourn?sslpassword=secret", "postgresql://me@db:5432/adjourn"),
        ("postgresql://db/adjourn", "postgresql://db/adjourn"),
        ("kafka://a:9092,b:9092?prefix=staging.", "kafka://a:9092,b:9092"),
        ("sqlite:///var/log.db", "sqlite:///var/log.db"),
    ],
)
def test_no_password_is_shown(url: str, text: str) -> None:
    assert shown(url) == text
