"""Which S3 server boto3 speaks to: it reads that from the environment, as in production."""

import os

import pytest

from tests.servers.seaweed import SeaweedServer


def use_server(server: SeaweedServer, environment: pytest.MonkeyPatch, **others: str) -> None:
    """`others` are variables in place of the server's own."""
    variables = {
        "AWS_ENDPOINT_URL": server.endpoint_url,
        "AWS_ACCESS_KEY_ID": server.access_key,
        "AWS_SECRET_ACCESS_KEY": server.secret_key,
        "AWS_DEFAULT_REGION": "us-east-1",
        # What this machine's people have set up for themselves is nothing to us.
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        environment.delenv(name)
    for name, value in (variables | others).items():
        environment.setenv(name, value)
