"""The key that RealtimeKit publishes: fetched, kept on disk, and never let go for a worse one."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from infra.errors import Retryable
from infra.providers.realtimekit import own_key
from infra.providers.realtimekit.public_key import PublicKey
from tests.servers.answers import Answer, endless, silent
from tests.servers.realtimekit_api import Kit, serve_realtimekit, status

BODY = b'{"event": "meeting.started"}'
ANOTHER = own_key.made()


@pytest.fixture
async def kit() -> AsyncIterator[Kit]:
    async with serve_realtimekit() as serving:
        yield serving


def keeper(url: str, folder: Path, *, every_seconds: float = 60, timeout_seconds: float = 2) -> PublicKey:
    return PublicKey(url, folder / "key.json", every_seconds=every_seconds, timeout_seconds=timeout_seconds)


def signs(key: PublicKey, pem: bytes) -> bool:
    return key.signed(own_key.signature(pem, BODY), BODY)


async def test_a_key_is_fetched_at_the_start_and_kept_for_the_next(kit: Kit, tmp_path: Path) -> None:
    for _ in range(2):
        key = keeper(kit.key_url, tmp_path)
        async with key.opened():
            assert signs(key, kit.key)
    assert kit.asked("key") == 1


async def test_a_kept_key_judges_while_theirs_is_away(kit: Kit, tmp_path: Path) -> None:
    async with keeper(kit.key_url, tmp_path).opened():
        pass
    kit.instead["key"] = status(500)
    key = keeper(kit.key_url, tmp_path)
    async with key.opened():
        assert signs(key, kit.key)


async def test_a_key_of_another_place_is_not_used(kit: Kit, tmp_path: Path) -> None:
    async with keeper(kit.key_url, tmp_path).opened():
        pass
    async with serve_realtimekit() as another:
        another.key = ANOTHER
        key = keeper(another.key_url, tmp_path)
        async with key.opened():
            assert not signs(key, kit.key)
            assert signs(key, ANOTHER)


@pytest.mark.parametrize("kept", ["", "{", "[]", "{}", '{"url": 7}', '{"url": "URL", "pem": "none"}'])
async def test_a_file_that_is_broken_is_fetched_anew(kit: Kit, tmp_path: Path, kept: str) -> None:
    (tmp_path / "key.json").write_text(kept.replace("URL", kit.key_url))
    key = keeper(kit.key_url, tmp_path)
    async with key.opened():
        assert signs(key, kit.key)
    assert json.loads((tmp_path / "key.json").read_text())["url"] == kit.key_url


async def test_a_folder_that_takes_no_file_costs_only_the_next_start(kit: Kit, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    key = PublicKey(kit.key_url, tmp_path / "file" / "key.json")
    async with key.opened():
        assert signs(key, kit.key)


def _public(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@pytest.mark.parametrize(
    "pem",
    [
        "",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
        _public(rsa.generate_private_key(65537, 1024)),
        _public(ec.generate_private_key(ec.SECP256R1())),
    ],
    ids=["nothing", "no key", "small", "elliptic"],
)
async def test_a_worse_key_replaces_no_good_one(kit: Kit, tmp_path: Path, pem: str) -> None:
    key = keeper(kit.key_url, tmp_path, every_seconds=0)
    async with key.opened():
        kit.instead["key"] = status(200, {"success": True, "data": {"publicKey": pem}})
        with pytest.raises(Retryable):
            await key.ask()
        assert signs(key, kit.key)


@pytest.mark.parametrize("trouble", [silent(), endless(), status(500)], ids=["silent", "endless", "500"])
async def test_a_place_that_does_not_answer_well_is_asked_once_a_minute(
    kit: Kit, tmp_path: Path, trouble: Answer
) -> None:
    kit.instead["key"] = trouble
    key = keeper(kit.key_url, tmp_path, timeout_seconds=0.2)
    async with key.opened():
        for _ in range(3):
            with pytest.raises(Retryable) as raised:
                await key.ask()
            assert 0 < (raised.value.after_seconds or 0) <= 60
    assert kit.asked("key") == 1


async def test_many_who_ask_at_once_ask_once(kit: Kit, tmp_path: Path) -> None:
    async with keeper(kit.key_url, tmp_path).opened():
        pass
    key = keeper(kit.key_url, tmp_path)
    async with key.opened():
        assert kit.asked("key") == 1  # the kept one was good enough to begin with
        await asyncio.gather(*(key.ask() for _ in range(20)))
    assert kit.asked("key") == 2


async def test_a_private_key_of_our_own_in_a_file_stands_for_theirs(tmp_path: Path) -> None:
    file = tmp_path / "own key.pem"
    file.write_bytes(ANOTHER)
    key = keeper(file.as_uri(), tmp_path)
    async with key.opened():
        assert signs(key, ANOTHER)


@pytest.mark.parametrize("content", [None, b"", b"-----BEGIN PRIVATE KEY-----\nAAAA\n", b"\xff"])
async def test_a_file_that_holds_no_key_says_so(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "own.pem"
    if content is not None:
        file.write_bytes(content)
    key = keeper(file.as_uri(), tmp_path)
    async with key.opened():
        with pytest.raises(Retryable):
            await key.ask()
        assert not signs(key, ANOTHER)
