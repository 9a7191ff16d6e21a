"""Other people's clients, for a question each."""

from typing import Any

import asyncpg
import boto3
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from botocore.config import Config


async def topics_of(bootstrap: str, *, new: str = "") -> set[str]:
    """Names of all topics, once `new` was made."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        if new:
            await admin.create_topics([NewTopic(new, num_partitions=1, replication_factor=1)])
        return set(await admin.list_topics())
    finally:
        await admin.close()


def s3_client(endpoint_url: str, access_key: str, secret_key: str) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=endpoint_url,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        region_name="us-east-1",
        config=Config(connect_timeout=1, read_timeout=1, retries={"total_max_attempts": 1}),
    )


async def tables_of(url: str, *, new: str = "") -> set[str]:
    """Names of all our tables, once `new` was made."""
    connection = await asyncpg.connect(url, timeout=2)
    try:
        if new:
            await connection.execute(f"CREATE TABLE {new} ()")
        rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return {row["tablename"] for row in rows}
    finally:
        await connection.close()
