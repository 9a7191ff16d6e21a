"""What can be said of the image and of compose.yaml where no container can be started."""

import json
import re
import subprocess
import sys
from pathlib import Path

from adjourn.settings import Settings, variable
from tests.adjourn.program import API_KEY, Program
from tests.servers.server import ROOT

DEPLOY = ROOT / "infra/deploy"


def test_compose_sets_nothing_that_is_no_setting() -> None:
    known = {variable(name) for name in Settings.model_fields}
    given = re.findall(r"\bADJOURN_\w+", (DEPLOY / "compose.yaml").read_text())
    assert given
    assert set(given) <= known


def test_compose_runs_commands_that_there_are() -> None:
    commands = re.findall(r"command: \[(\w+)\]", (DEPLOY / "compose.yaml").read_text())
    assert commands == ["setup", "receive", "consume"]
    for command in commands:
        subprocess.run([sys.executable, "-m", "adjourn", command, "--help"], check=True, capture_output=True)


def test_the_image_is_made_of_files_that_it_is_given() -> None:
    sources = [
        source
        for words in re.findall(r"^COPY ([^-].*)$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
        for source in words.split()[:-1]
    ]
    given = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    for source in sources:
        assert (ROOT / source).exists()
        assert Path(source).parts[0] in given


def test_the_image_holds_every_package_of_ours() -> None:
    copied = re.findall(r"^COPY (\w+) /app/\1$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    assert sorted(copied) == ["adjourn", "consumers", "infra", "receiver", "schemas"]


def test_the_image_asks_the_receiver_how_it_is(tmp_path: Path) -> None:
    words = re.search(r"CMD (\[.*healthz.*\])", (DEPLOY / "Dockerfile").read_text())
    assert words is not None
    _, *arguments = json.loads(words[1])
    program = Program(tmp_path, settings={"ADJOURN_MEETING_BAAS_API_KEYS": API_KEY})
    ask = [sys.executable, *arguments]
    assert subprocess.run(ask, env=program.environment(), capture_output=True, check=False).returncode == 1
    with program.running():
        subprocess.run(ask, env=program.environment(), check=True)
