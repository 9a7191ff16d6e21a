"""`python -m adjourn.generate` keeps what was released, and says in sentences when it is broken."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from adjourn.generate import broken, main
from schemas.contract.asyncapi import VERSION

ROOT = Path(__file__).parents[2]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout with all that is generated, and a released contract."""
    (tmp_path / "README.md").write_text("<!-- settings:begin -->\n<!-- settings:end -->\n")
    assert main([], tmp_path) == 0
    assert main(["--release"], tmp_path) == 0
    return tmp_path


def released(root: Path) -> Path:
    return root / "schemas" / "released" / f"{VERSION}.json"


def fields(contract: dict[str, Any], schema: str) -> dict[str, Any]:
    found: dict[str, Any] = contract["components"]["schemas"][schema]["properties"]
    return found


@contextmanager
def rewriting(root: Path) -> Iterator[dict[str, Any]]:
    """The released contract, to be changed."""
    contract = json.loads(released(root).read_text())
    yield contract
    released(root).write_text(json.dumps(contract))


def promise_more(root: Path) -> None:
    """A field and a fact that the present contract has not."""
    with rewriting(root) as contract:
        fields(contract, "ArtifactStored")["colour"] = {"type": "string"}
        contract["channels"]["meetings.events"]["messages"]["meeting.adjourned"] = {}


def test_this_contract_is_released_and_keeps_its_promises() -> None:
    assert released(ROOT).exists(), "release the contract: `python -m adjourn.generate --release`"
    assert broken(ROOT) == []


def test_a_released_contract_that_is_kept_is_no_trouble(root: Path) -> None:
    assert main(["--check"], root) == 0


def test_the_check_says_what_broke_and_what_to_do(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    promise_more(root)
    assert main(["--check"], root) == 1
    complaint = capsys.readouterr().err
    assert f"Subscribers rely on version {VERSION} of the contract" in complaint
    assert "- The field `recording.stored.colour` is gone.\n" in complaint
    assert "- `meeting.adjourned` does not come on `meetings.events` any more.\n" in complaint
    assert "raise `VERSION` in schemas/contract/asyncapi.py, write in CHANGELOG.md" in complaint


def test_a_broken_contract_is_not_released(root: Path) -> None:
    promise_more(root)
    before = released(root).read_bytes()
    assert main(["--release"], root) == 1
    assert released(root).read_bytes() == before


def test_a_release_promises_what_is_new(root: Path) -> None:
    with rewriting(root) as contract:
        del fields(contract, "ArtifactStored")["url"]
    assert main(["--release"], root) == 0
    assert (
        "url"
        in json.loads(released(root).read_text())["components"]["schemas"]["ArtifactStored"]["properties"]
    )


def test_of_many_breaches_the_first_dozen_are_told(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with rewriting(root) as contract:
        fields(contract, "EventHeaders")["ce_colour"] = {"type": "string"}
    assert main(["--check"], root) == 1
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("- ")]
    assert len(told) == 13
    assert told[-1].endswith(" more.")


def test_a_generated_file_that_was_edited_is_stale(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = root / "schemas" / "json" / "recording.stored.json"
    path.write_text(path.read_text().replace("integer", "string"))
    assert main(["--check"], root) == 1
    assert "schemas/json/recording.stored.json is stale" in capsys.readouterr().err
