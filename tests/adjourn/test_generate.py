"""README's table and `.env.example` say what the settings are."""

import os
from pathlib import Path

import pytest
from dotenv import dotenv_values

from adjourn.generate import main, stale
from adjourn.reference import env_example, settings_table
from adjourn.sender_lines import lines_elsewhere, own_modules
from adjourn.settings import Settings, variable

ROOT = Path(__file__).parents[2]


def test_what_is_committed_is_current() -> None:
    assert stale(ROOT) == []


def test_every_setting_has_a_row_and_a_description() -> None:
    rows = [row for row in settings_table().splitlines() if row.startswith("| `")]
    assert sorted(row.split("`")[1] for row in rows) == sorted(map(variable, Settings.model_fields))
    assert all(field.description for field in Settings.model_fields.values())


def test_the_example_with_every_line_in_force_is_a_valid_env_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("ADJOURN_")]:
        monkeypatch.delenv(name)
    path = tmp_path / "all.env"
    path.write_text(env_example().replace("# ADJOURN_", "ADJOURN_"))
    assert set(dotenv_values(path)) == {variable(name) for name in Settings.model_fields}
    settings, defaults = Settings(_env_file=path), Settings(_env_file=None)
    with_examples = {name for name, value in defaults.model_dump().items() if not value}
    assert "port" not in with_examples
    assert settings.model_dump(exclude=with_examples) == defaults.model_dump(exclude=with_examples)


def test_writing_mends_what_is_stale_and_the_check_names_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "README.md").write_text("# A\n<!-- settings:begin -->\nold\n<!-- settings:end -->\nrest\n")
    assert main(["--check"], tmp_path) == 1
    complaint = capsys.readouterr().err
    assert "README.md is stale" in complaint
    assert ".env.example is stale" in complaint
    assert main([], tmp_path) == 0
    assert main(["--check"], tmp_path) == 0
    text = (tmp_path / "README.md").read_text()
    assert text.startswith("# A\n")
    assert text.endswith("rest\n")
    assert "\nold\n" not in text


def test_a_readme_without_a_place_for_the_table_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "README.md").write_text("# A\n")
    assert main([], tmp_path) == 1
    assert "README.md needs the lines" in capsys.readouterr().err


def test_no_file_of_a_sender_is_long_and_a_sender_costs_others_a_line_in_each_table() -> None:
    rows = [row.split("|") for row in own_modules(ROOT).splitlines()[2:]]
    assert all(int(row[-2]) < 300 for row in rows)
    for row in lines_elsewhere(ROOT).splitlines()[2:]:
        assert row.count("(2)") == 4, row
        assert row.split("|")[2].strip() == "8", row
