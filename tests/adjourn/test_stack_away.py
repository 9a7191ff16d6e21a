"""Parts of the stack that are away, missing or wrong: what `check` says of each, and what a start does."""

import json
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.adjourn.program import Program
from tests.adjourn.stack import bucket_of, other_client, program_with, stack_settings
from tests.servers.kafka import KafkaServer
from tests.servers.postgres import PostgresServer
from tests.servers.seaweed import SeaweedServer

NOBODY = "127.0.0.1:1"
FRESH = "never-made"
STATUS = "webhook-v1/bot.status_change.in_call_recording"

AWAY = {
    "ADJOURN_LOG_URL": f"kafka://{NOBODY}?prefix=own.",
    "AWS_ENDPOINT_URL": f"http://{NOBODY}",
    "ADJOURN_DATABASE_URL": f"postgresql://postgres@{NOBODY}/postgres",
}


@dataclass(frozen=True)
class Trouble:
    """A setting and a value that it should not have (`{…}` are servers), the finding that tells of it, and
    words of its sentence."""

    setting: str
    value: str
    part: str
    words: tuple[str, ...]


NO_TOPICS = Trouble(
    "ADJOURN_LOG_URL",
    f"{{kafka}}?prefix={FRESH}.",
    "log",
    (f"The topic {FRESH}.meetings.", "is missing on Kafka at ", "run `adjourn setup`"),
)
NO_BUCKET = Trouble(
    "ADJOURN_OBJECTS_URL",
    f"s3://{FRESH}/recordings",
    "objects",
    (f"There is no bucket for s3://{FRESH}/recordings", "`adjourn setup`", "ADJOURN_OBJECTS_URL"),
)
NO_DATABASE = Trouble(
    "ADJOURN_DATABASE_URL",
    f"{{postgres}}{FRESH}",
    "database",
    ("There is no such database", FRESH, "createdb", "run `adjourn setup`"),
)
NO_TABLES = Trouble(
    "ADJOURN_DATABASE_URL",
    "{empty_database}",
    "database",
    ("The tables of ", "are not there or not current", "run `adjourn setup`"),
)
WRONG_SECRET = Trouble(
    "AWS_SECRET_ACCESS_KEY",
    "not-the-secret",
    "objects",
    ("The secret does not belong to the access key", "AWS_SECRET_ACCESS_KEY"),
)
NO_KAFKA = Trouble(
    "ADJOURN_LOG_URL", AWAY["ADJOURN_LOG_URL"], "log", (f"Kafka at {NOBODY} cannot be used: ",)
)
NO_S3 = Trouble("AWS_ENDPOINT_URL", AWAY["AWS_ENDPOINT_URL"], "objects", ("the S3 server cannot be reached",))
NO_POSTGRESQL = Trouble(
    "ADJOURN_DATABASE_URL", AWAY["ADJOURN_DATABASE_URL"], "database", (NOBODY, "does not answer (Connect")
)


@pytest.fixture(scope="module")
def ready(
    kafka: KafkaServer,
    seaweed: SeaweedServer,
    postgres: PostgresServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, str]:
    """Settings with which all is well."""
    settings = stack_settings(kafka, seaweed, postgres)
    done = program_with(settings, tmp_path_factory.mktemp("ready")).run("setup")
    assert done.returncode == 0, done.stderr
    return settings


@pytest.fixture
def troubled(
    troubles: Sequence[Trouble],
    ready: dict[str, str],
    kafka: KafkaServer,
    postgres: PostgresServer,
    tmp_path: Path,
) -> Program:
    servers = {
        "kafka": kafka.url,
        "postgres": postgres.url.removesuffix("postgres"),
        "empty_database": postgres.new_database(),
    }
    return program_with(ready | {each.setting: each.value.format(**servers) for each in troubles}, tmp_path)


@pytest.mark.parametrize(
    "troubles",
    [(NO_KAFKA, NO_S3, NO_POSTGRESQL), (NO_TOPICS, NO_BUCKET, NO_DATABASE), (WRONG_SECRET, NO_TABLES)],
    ids=["away", "missing", "wrong"],
)
def test_check_says_of_each_part_what_to_do_and_only_of_those(
    troubles: Sequence[Trouble], troubled: Program
) -> None:
    done = troubled.run("check", "--json")
    assert done.returncode == 1
    findings = [json.loads(line) for line in done.stdout.splitlines()]
    texts = {finding["part"]: finding["text"] for finding in findings if not finding["well"]}
    assert texts.keys() == {trouble.part for trouble in troubles}
    for trouble in troubles:
        assert [words for words in trouble.words if words not in texts[trouble.part]] == []
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "troubles",
    [(NO_BUCKET,), (NO_DATABASE,), (NO_TABLES,), (WRONG_SECRET,)],
    ids=["no bucket", "no database", "no tables", "wrong secret"],
)
def test_what_only_a_person_can_mend_ends_the_start_with_the_same_sentence(
    troubles: Sequence[Trouble], troubled: Program
) -> None:
    done = troubled.run("run")
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("Error: ")
    assert [words for words in troubles[0].words if words not in last] == []
    assert "Traceback" not in done.stderr


def test_servers_that_are_away_keep_nobody_from_receiving(ready: dict[str, str], tmp_path: Path) -> None:
    program = program_with(ready | AWAY, tmp_path)
    with program.running() as process:
        sent = program.run("send", STATUS)
        with urllib.request.urlopen(f"{program.url}/readyz") as answer:
            degraded = json.load(answer)["degraded"]
    assert "202 accepted" in sent.stdout
    assert {"log", "objects", "database"} <= set(degraded)
    assert process.returncode == 0


def test_a_sweep_leaves_an_upload_that_may_still_run(
    ready: dict[str, str], seaweed: SeaweedServer, tmp_path: Path
) -> None:
    program = program_with(ready, tmp_path)
    which = {"Bucket": bucket_of(ready), "Key": "recordings/meeting-baas/m/video.mp4"}
    with other_client(seaweed) as client:
        begun = client.create_multipart_upload(**which)["UploadId"]
        client.upload_part(**which, UploadId=begun, PartNumber=1, Body=bytes(1000))
        findings = {finding["part"]: finding for finding in program.json("check", "--sweep")}
        left = client.list_multipart_uploads(Bucket=which["Bucket"]).get("Uploads", [])
        client.abort_multipart_upload(**which, UploadId=begun)
    assert "is removed: 0 uploads of 0 bytes, 0 downloads" in findings["sweep"]["text"]
    assert [upload["UploadId"] for upload in left] == [begun]
