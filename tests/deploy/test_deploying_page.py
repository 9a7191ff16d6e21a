"""`docs/deploying.md` says what is so, and leads nowhere that is not there."""

import re
import subprocess

import click
import pytest

from adjourn.cli import program
from adjourn.settings import Settings, variable
from infra.eventlog.kafka.options import KafkaOptions
from infra.eventlog.kafka.topics import wanted
from infra.eventlog.spool.metrics import OLDEST_SECONDS, RECORDS
from schemas.topics import DEAD_LETTERS, WEBHOOKS
from tests.servers.server import ROOT

DOCS = ROOT / "docs"
PAGE = (DOCS / "deploying.md").read_text()
DEFAULTS = Settings.model_construct()


def test_topics_are_created_as_its_table_says() -> None:
    rows = dict(re.findall(r"^\| `([a-z.]+)` \| (\S+) \|", PAGE, re.MULTILINE))
    webhooks, dead_letters = (
        wanted(topic, retention_days=DEFAULTS.retention_days, replication=DEFAULTS.kafka_replication)
        for topic in (WEBHOOKS, DEAD_LETTERS)
    )
    assert rows == webhooks
    assert f"for ever ({dead_letters['retention.ms']})" in PAGE


def test_its_settings_are_settings() -> None:
    named = set(re.findall(r"\bADJOURN_\w+", PAGE))
    assert named
    assert named <= {variable(name) for name in Settings.model_fields}


def test_its_defaults_are_the_defaults() -> None:
    assert f"`ADJOURN_KAFKA_PARTITIONS` ({DEFAULTS.kafka_partitions})" in PAGE
    assert f"`ADJOURN_KAFKA_REPLICATION` ({DEFAULTS.kafka_replication};" in PAGE
    assert f"`ADJOURN_CONCURRENCY` of {DEFAULTS.concurrency}" in PAGE
    assert f"acknowledged an event within {KafkaOptions().ack_timeout_seconds:g} s" in PAGE
    assert f"to the others after {KafkaOptions().session_timeout_seconds:g} s" in PAGE


def test_its_metrics_are_metrics() -> None:
    for metric in (RECORDS, OLDEST_SECONDS):
        assert f"`{metric._name}`" in PAGE


@pytest.mark.parametrize("command", sorted(set(re.findall(r"`adjourn (\w+)", PAGE))))
def test_its_commands_are_commands(command: str) -> None:
    assert command in program.list_commands(click.Context(program))


@pytest.mark.parametrize("target", sorted(set(re.findall(r"`make (\w+)`", PAGE))))
def test_its_targets_can_be_made(target: str) -> None:
    subprocess.run(["make", "--dry-run", target], cwd=ROOT, check=True, capture_output=True)


@pytest.mark.parametrize("place", sorted(set(re.findall(r"\]\(([^)]+)\)", PAGE))))
def test_its_links_lead_somewhere(place: str) -> None:
    page, _, section = place.partition("#")
    text = (DOCS / page).read_text()
    assert section in (
        "",
        *(title.lower().replace(" ", "-") for title in re.findall(r"^#+ (.*)$", text, re.M)),
    )


@pytest.mark.parametrize("path", sorted(set(re.findall(r"infra/deploy/[\w./]+", PAGE))))
def test_its_files_are_there(path: str) -> None:
    assert (ROOT / path).exists()
