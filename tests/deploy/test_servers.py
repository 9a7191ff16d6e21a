"""What the fault tests rely on: real servers that can be stopped, killed, wiped and frozen."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import botocore.exceptions
import pytest

from tests.adjourn.program import eventually
from tests.deploy.clients import s3_client, tables_of, topics_of
from tests.servers.kafka import KafkaServer
from tests.servers.postgres import PostgresServer
from tests.servers.seaweed import SeaweedServer
from tests.servers.server import ROOT, Server


async def test_kafka_comes_back_with_its_topics_until_it_is_wiped(own_kafka: KafkaServer) -> None:
    await topics_of(own_kafka.bootstrap, new="kept")
    restart(own_kafka, own_kafka.kill)
    assert "kept" in await topics_of(own_kafka.bootstrap)
    restart(own_kafka, own_kafka.stop, own_kafka.wipe)
    assert "kept" not in await topics_of(own_kafka.bootstrap)


def test_s3_comes_back_with_its_objects_until_it_is_wiped(own_seaweed: SeaweedServer) -> None:
    client = client_of(own_seaweed)
    client.create_bucket(Bucket="kept")
    client.put_object(Bucket="kept", Key="key", Body=b"body")
    restart(own_seaweed, own_seaweed.kill)
    assert client.get_object(Bucket="kept", Key="key")["Body"].read() == b"body"
    restart(own_seaweed, own_seaweed.stop, own_seaweed.wipe)
    assert client.list_buckets()["Buckets"] == []


async def test_postgres_comes_back_with_its_tables_until_it_is_wiped(own_postgres: PostgresServer) -> None:
    await tables_of(own_postgres.url, new="kept")
    restart(own_postgres, own_postgres.kill)
    assert await tables_of(own_postgres.url) == {"kept"}
    restart(own_postgres, own_postgres.stop, own_postgres.wipe)
    assert await tables_of(own_postgres.url) == set()


async def test_a_frozen_server_says_nothing_until_it_thaws(own_postgres: PostgresServer) -> None:
    own_postgres.freeze()
    with pytest.raises(TimeoutError):
        await tables_of(own_postgres.url)
    own_postgres.thaw()
    assert await tables_of(own_postgres.url) == set()


async def test_each_new_database_is_empty(postgres: PostgresServer) -> None:
    first, second = postgres.new_database(), postgres.new_database()
    await tables_of(first, new="mine")
    assert await tables_of(second) == set()


def test_s3_knows_no_bucket_that_nobody_made(seaweed: SeaweedServer) -> None:
    with pytest.raises(botocore.exceptions.ClientError, match="NoSuchBucket"):
        client_of(seaweed).put_object(Bucket="never-made", Key="key", Body=b"body")


def test_there_is_room_for_many_buckets(seaweed: SeaweedServer) -> None:
    client = client_of(seaweed)
    for number in range(10):
        client.create_bucket(Bucket=f"one-of-many-{number}")
        client.put_object(Bucket=f"one-of-many-{number}", Key="key", Body=b"body")


def test_a_server_goes_with_the_tests_that_were_killed() -> None:
    tests = subprocess.Popen([sys.executable, "-c", LONG_TESTS], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    with tests:
        assert tests.stdout is not None
        folder = Path(tests.stdout.readline().strip())
        assert (folder / "data" / "postmaster.pid").exists()
        tests.send_signal(signal.SIGKILL)
    eventually(lambda: not folder.exists(), "cleaned up")


LONG_TESTS = """
from tests.servers.postgres import PostgresServer
server = PostgresServer()
server.start()
print(server.folder, flush=True)
input()
"""


def restart(server: Server, *ends: Callable[[], None]) -> None:
    port = server.port
    for end in ends:
        end()
    server.start()
    assert server.port == port


def client_of(server: SeaweedServer) -> Any:
    return s3_client(server.endpoint_url, server.access_key, server.secret_key)
