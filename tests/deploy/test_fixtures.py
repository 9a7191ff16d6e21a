"""A test that cannot get its server has failed where everything is installed, and is skipped elsewhere."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.server import ROOT

ASKS_FOR_KAFKA = """
def test_that_asks_for_kafka(kafka): pass
def test_that_asks_for_its_own(own_kafka): pass
"""


@pytest.mark.parametrize(("ci", "outcome"), [("true", "2 errors"), ("", "2 skipped")])
def test_without_java_a_test_fails_in_ci_and_is_skipped_elsewhere(
    ci: str, outcome: str, tmp_path: Path
) -> None:
    (tmp_path / "test_it.py").write_text(ASKS_FOR_KAFKA)
    pytest_there = [sys.executable, "-m", "pytest", "-rs", "-p", "tests.conftest", "-c", "pyproject.toml"]
    ended = subprocess.run(
        [*pytest_there, f"--rootdir={tmp_path}", tmp_path],
        cwd=ROOT,
        env={"PATH": "/nowhere", "CI": ci, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome in ended.stdout
    assert "install it (Debian: apt-get install" in ended.stdout
