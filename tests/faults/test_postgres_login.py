"""Passwords and certificates, on a server that asks for them."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import text

from infra.database.engine import open_database
from infra.errors import Halt
from tests.servers.postgres import PostgresServer

_RULES = "host all postgres 127.0.0.1/32 trust\nhost all ada 127.0.0.1/32 scram-sha-256\n"
_CHANGES = (
    "CREATE ROLE ada LOGIN PASSWORD 'hunter2'",
    "ALTER SYSTEM SET ssl = on",
    "SELECT pg_reload_conf()",
)


async def test_the_password_of_the_url_lets_us_in_and_a_wrong_one_is_a_halt_that_does_not_tell_it(
    own_postgres: PostgresServer, tmp_path: Path
) -> None:
    _hand_over(_certificate_in(tmp_path / "ours"), own_postgres)
    await _guard(own_postgres)
    server = f"127.0.0.1:{own_postgres.port}"
    assert await _user(f"postgresql://ada:hunter2@{server}/postgres") == "ada"
    assert await _user(f"postgresql://ada:%68unter2@{server}/postgres") == "ada"
    for wrong in ("ada:hunter3", "ada"):
        with pytest.raises(Halt, match=f"{server} does not let us in: check user and password") as halted:
            await _user(f"postgresql://{wrong}@{server}/postgres")
        assert "hunter" not in str(halted.value)


async def test_a_connection_is_encrypted_and_its_certificate_checked_where_the_url_says_so(
    own_postgres: PostgresServer, tmp_path: Path
) -> None:
    ours, another = _certificate_in(tmp_path / "ours"), _certificate_in(tmp_path / "another")
    _hand_over(ours, own_postgres)
    await _guard(own_postgres)
    checked = f"{own_postgres.url}?sslmode=verify-full&sslrootcert="
    assert await _is_encrypted(f"{own_postgres.url}?sslmode=disable") is False
    assert await _is_encrypted(f"{own_postgres.url}?sslmode=require") is True
    assert await _is_encrypted(f"{checked}{ours}/server.crt") is True
    for broken in (
        f"{checked}{another}/server.crt",
        f"{checked}{ours}/server.crt".replace("127.0.0.1", "localhost"),
    ):
        with pytest.raises(Halt, match="do not trust its certificate"):
            await _is_encrypted(broken)


async def _user(url: str) -> str:
    async with open_database(url) as database, database.reading() as tx:
        return str(await tx.scalar(text("SELECT current_user")))


async def _is_encrypted(url: str) -> bool:
    async with open_database(url) as database, database.reading() as tx:
        return bool(await tx.scalar(text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")))


def _hand_over(certificate: Path, server: PostgresServer) -> None:
    folder = server.folder / "data"
    for name in ("server.crt", "server.key"):
        copy = Path(shutil.copy(certificate / name, folder))
        os.chown(copy, folder.stat().st_uid, folder.stat().st_gid)
        copy.chmod(0o600)
    (folder / "pg_hba.conf").write_text(_RULES)


async def _guard(server: PostgresServer) -> None:
    async with open_database(server.url) as database, database.backend.engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        for change in _CHANGES:
            await connection.execute(text(change))


def _certificate_in(folder: Path) -> Path:
    folder.mkdir()
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ours"
        " -addext subjectAltName=IP:127.0.0.1 -out server.crt -keyout server.key"
    )
    subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    return folder
