"""What an S3 server refuses, and who cannot be reached, is said in a sentence without any secret in it."""

import traceback
from pathlib import Path
from uuid import uuid4

import pytest

from infra.errors import Halt, Retryable
from infra.objects.open import open_objects
from tests.infra.objects.s3 import use_server
from tests.servers.seaweed import SeaweedServer

SECRET = "another-secret-that-nobody-may-read"


async def refusal(url: str = "s3://refused") -> str:
    """What probing says. A chain of causes holds no secret either, for it may come to a log."""
    with pytest.raises(Halt) as raised:
        await open_objects(url).probe()
    told = "".join(traceback.format_exception(raised.value))
    assert SECRET not in told
    assert "Signature=" not in told
    return str(raised.value)


async def test_a_bucket_that_is_not_there_is_to_be_created(
    seaweed: SeaweedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_server(seaweed, monkeypatch)
    missing = f"s3://missing-{uuid4()}"
    sentence = (
        f"There is no bucket for {missing}: create it with `adjourn setup`, "
        "or set another ADJOURN_OBJECTS_URL, then start again."
    )
    assert await refusal(missing) == sentence
    objects = open_objects(missing)
    with pytest.raises(Halt, match="There is no bucket for"):
        await objects.put("a/x", b"x", media_type="text/plain")
    with pytest.raises(Halt, match="There is no bucket for"):
        [found async for found in objects.list("")]
    with pytest.raises(Halt, match="There is no bucket for"):
        await objects.put("a/x", bytes(20_000_000), media_type="video/mp4")


async def test_setup_makes_a_bucket_that_is_not_there(
    seaweed: SeaweedServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    use_server(seaweed, monkeypatch)
    objects = open_objects(f"s3://made-{uuid4()}", parts_folder=str(tmp_path))
    await objects.setup()
    await objects.setup()
    await objects.probe()


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        (
            {"AWS_ACCESS_KEY_ID": "unknown", "AWS_SECRET_ACCESS_KEY": SECRET},
            "The S3 server of s3://refused does not know the access key: set the right AWS_ACCESS_KEY_ID, "
            "then start again.",
        ),
        (
            {"AWS_SECRET_ACCESS_KEY": SECRET},
            "The secret does not belong to the access key of s3://refused: set the right "
            "AWS_SECRET_ACCESS_KEY, then start again.",
        ),
        (
            {"AWS_ENDPOINT_URL": "http://no-such-machine.invalid:8333"},
            "There is no machine of the name that the S3 server of s3://refused is said to have: "
            "set the right AWS_ENDPOINT_URL, then start again.",
        ),
        (
            {"AWS_ENDPOINT_URL": "no URL at all"},
            "The endpoint for s3://refused is not the URL of a server: set the right AWS_ENDPOINT_URL, "
            "then start again.",
        ),
        (
            {"AWS_PROFILE": "nobody"},
            "What AWS_* variables and files say cannot be used for s3://refused (ProfileNotFound): "
            "set it right, then start again.",
        ),
    ],
)
async def test_what_is_set_wrongly_is_named(
    seaweed: SeaweedServer, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], sentence: str
) -> None:
    use_server(seaweed, monkeypatch, **variables)
    assert await refusal() == sentence


async def test_without_credentials_it_is_said_how_to_give_them(
    seaweed: SeaweedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_server(seaweed, monkeypatch)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert await refusal() == (
        "There are no credentials for s3://refused: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
        "or any other of the ways that AWS has, then start again."
    )


async def test_a_wrong_key_is_told_when_one_asks_for_an_object_too(
    seaweed: SeaweedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer to a HEAD has no body that would say more."""
    use_server(seaweed, monkeypatch, AWS_SECRET_ACCESS_KEY=SECRET)
    with pytest.raises(Halt, match=r"S3 refuses HeadObject in s3://refused: let the access key list"):
        await open_objects("s3://refused").stat("a/x")


async def test_nobody_at_the_endpoint_is_waited_for(
    seaweed: SeaweedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_server(seaweed, monkeypatch, AWS_ENDPOINT_URL="http://127.0.0.1:1")
    with pytest.raises(Retryable, match="s3://refused: the S3 server cannot be reached"):
        await open_objects("s3://refused").probe()


async def test_a_folder_of_parts_that_cannot_be_written_is_told(
    seaweed: SeaweedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_server(seaweed, monkeypatch)
    objects = open_objects(f"s3://made-{uuid4()}", parts_folder="/proc/parts")
    await objects.setup()
    with pytest.raises(Halt, match="/proc/parts is"):
        await objects.probe()
