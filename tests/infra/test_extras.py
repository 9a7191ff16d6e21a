"""Without the packages of an extra it is said what to install."""

import subprocess
import sys

import pytest

from tests.servers.server import ROOT

WITHOUT = """
from importlib.machinery import PathFinder
find = PathFinder.find_spec
PathFinder.find_spec = lambda name, *where: None if name == "{package}" else find(name, *where)

import asyncio
from infra.database.engine import open_database
from infra.eventlog.open import open_log
from infra.objects.open import open_objects
from infra.summaries.open import open_summariser
{opens}
"""


@pytest.mark.parametrize(
    ("package", "extra", "opens"),
    [
        ("aiokafka", "kafka", "open_log('kafka://host:9092')"),
        ("boto3", "s3", "open_objects('s3://bucket')"),
        ("openai", "openai", "asyncio.run(open_summariser('openai', model='m').__aenter__())"),
        ("asyncpg", "postgres", "asyncio.run(open_database('postgresql://host/name').__aenter__())"),
    ],
)
def test_a_missing_package_is_a_sentence_with_what_installs_it(package: str, extra: str, opens: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", WITHOUT.format(package=package, opens=opens)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stderr.endswith(
        "needs a package that is not installed: run "
        f"`.venv/bin/python infra/deploy/install.py {extra}`, then start again.\n"
    )
