"""The real program on Kafka, S3 and PostgreSQL: topics, bucket and database are its own, and not made yet."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3

from tests.adjourn.program import API_KEY, SVIX_SECRET, Program
from tests.servers.kafka import KafkaServer
from tests.servers.postgres import PostgresServer
from tests.servers.seaweed import SeaweedServer

DEADLINE_SECONDS = 60
"""Where a machine has much to do: a group's first members alone take some seconds to find each other."""


def stack_settings(kafka: KafkaServer, seaweed: SeaweedServer, postgres: PostgresServer) -> dict[str, str]:
    settings = store_settings(seaweed, postgres)
    own = bucket_of(settings)
    return settings | {
        "ADJOURN_LOG_URL": f"{kafka.url}?prefix={own}.",
        "ADJOURN_KAFKA_PARTITIONS": "2",
    }


def store_settings(seaweed: SeaweedServer, postgres: PostgresServer) -> dict[str, str]:
    """The log is the embedded one."""
    own = f"own-{uuid4().hex}"
    return {
        "ADJOURN_MEETING_BAAS_API_KEYS": API_KEY,
        "ADJOURN_MEETING_BAAS_SVIX_SECRETS": SVIX_SECRET,
        "ADJOURN_DOWNLOAD_ALLOW": "127.0.0.1",
        "ADJOURN_OBJECTS_URL": f"s3://{own}/recordings",
        "ADJOURN_DATABASE_URL": postgres.new_database(),
        "AWS_ENDPOINT_URL": seaweed.endpoint_url,
        "AWS_ACCESS_KEY_ID": seaweed.access_key,
        "AWS_SECRET_ACCESS_KEY": seaweed.secret_key,
        "AWS_DEFAULT_REGION": "us-east-1",
        # What this machine's people have set up for themselves is nothing to us.
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def program_with(settings: Mapping[str, str], folder: Path) -> Program:
    """`AWS_*` stand in `.env` only, where S3's client does not look; the others in the environment."""
    lines = [f"{name}={value}\n" for name, value in settings.items() if name.startswith("AWS_")]
    (folder / ".env").write_text("".join(lines))
    ours = {name: value for name, value in settings.items() if not name.startswith("AWS_")}
    return Program(folder, settings=ours, deadline_seconds=DEADLINE_SECONDS)


def bucket_of(settings: Mapping[str, str]) -> str:
    return settings["ADJOURN_OBJECTS_URL"].split("/")[2]


@contextmanager
def other_client(seaweed: SeaweedServer) -> Iterator[Any]:
    """Plain boto3, as it comes."""
    client = boto3.client(
        "s3",
        endpoint_url=seaweed.endpoint_url,
        aws_access_key_id=seaweed.access_key,
        aws_secret_access_key=seaweed.secret_key,
        region_name="us-east-1",
    )
    try:
        yield client
    finally:
        client.close()
