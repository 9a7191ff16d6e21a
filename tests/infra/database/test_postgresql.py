"""PostgreSQL behind the database: its URL, and what its troubles are called."""

import asyncio
import socket
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from infra.database.artifacts import add_artifact, artifacts_of
from infra.database.engine import Database, open_database
from infra.database.outcomes import last_successes, record_successes
from infra.errors import Halt, Retryable
from schemas.manifest import Artifact
from tests.ports import free_port
from tests.servers.postgres import PostgresServer

_DEADLINE_SECONDS = 10


async def _ask(url: str, query: str = "SELECT 1", *, connect_seconds: float = 5) -> None:
    async with open_database(url, connect_seconds=connect_seconds) as database, database.transaction() as tx:
        await tx.execute(text(query))


async def _create(url: str, options: str, server: PostgresServer) -> None:
    create = f"CREATE DATABASE {url.rpartition('/')[2]} {options} TEMPLATE template0"
    async with open_database(server.url) as database, database.backend.engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text(create))


def _artifact(name: str) -> Artifact:
    return Artifact(
        name=name,
        kind="video",
        media_type="video/mp4",
        size=1,
        sha256="0" * 64,
        verified="length",
        source_event="e",
        stored_at=datetime(2026, 11, 21, tzinfo=UTC),
    )


@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
async def test_both_names_of_the_scheme_are_taken(postgres: PostgresServer, scheme: str) -> None:
    await _ask(f"{scheme}://{postgres.url.partition('://')[2]}")


async def test_what_libpq_takes_in_a_url_is_taken(postgres: PostgresServer) -> None:
    query = "sslmode=prefer&connect_timeout=5&application_name=ours&options=-c%20search_path%3Delsewhere"
    async with open_database(f"{postgres.url}?{query}") as database, database.reading() as tx:
        assert await tx.scalar(text("SHOW application_name")) == "ours"
        assert await tx.scalar(text("SHOW search_path")) == "elsewhere"


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ("postgresql://{user}:{password}@{server}/nosuch", "no such database"),
        ("postgresql://nobody:{password}@{server}/postgres", "check user and password"),
        ("postgresql://{user}:{password}@{server}/postgres?sslmode=require", "No secure connection"),
        ("postgresql://{user}:{password}@{server}/postgres?sslmode=no", "its port and its parameters"),
        (
            "postgresql://{user}:{password}@{server}/postgres?sslmode=verify-ca&sslrootcert=/no",
            "certificate or key",
        ),
        ("postgresql://{user}:{password}@{server}/postgres?speed=high", "does not know.*speed"),
        ("postgresql://{user}:{password}@localhost:port/postgres", "its port and its parameters"),
        ("postgresql://{user}:hun/ter2@{server}/postgres", "%2F"),
        ("postgresql://{user}:hun?ter2@{server}/postgres", "%3F"),
        ("postgresql://{user}:hun#ter2@{server}/postgres", "%23"),
        ("postgresql://{user}:hunter2@[::1/postgres", "cannot be read"),
    ],
)
async def test_a_url_that_cannot_work_is_a_halt_without_its_password(
    postgres: PostgresServer, wrong: str, sentence: str
) -> None:
    url = wrong.format(user="postgres", password="hunter2", server=f"127.0.0.1:{postgres.port}")
    with pytest.raises(Halt, match=sentence) as halted:
        await _ask(url)
    assert "hun" not in str(halted.value)
    assert str(halted.value).endswith(".")


@pytest.mark.parametrize("host", ["127.0.0.1", "nowhere.invalid"])
async def test_a_server_that_is_not_there_is_retryable(host: str) -> None:
    with pytest.raises(Retryable, match="does not answer"):
        await _ask(f"postgresql://postgres:hunter2@{host}:{free_port()}/postgres")


async def test_a_server_that_takes_the_connection_and_is_silent_is_retryable_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        async with asyncio.timeout(_DEADLINE_SECONDS):
            with pytest.raises(Retryable, match="does not answer"):
                await _ask(f"postgresql://postgres@127.0.0.1:{port}/postgres", connect_seconds=0.2)


async def test_a_statement_that_takes_too_long_is_retryable(postgres: PostgresServer) -> None:
    async with open_database(postgres.url, statement_seconds=0.1) as database:
        with pytest.raises(Retryable, match="57014"):
            async with database.transaction() as tx:
                await tx.execute(text("SELECT pg_sleep(60)"))
        async with database.transaction() as tx:
            assert await tx.scalar(text("SELECT 1")) == 1


async def test_a_row_that_another_holds_is_retryable(postgres: PostgresServer) -> None:
    async with open_database(postgres.new_database(), busy_seconds=0.1) as database:
        await database.setup()
        async with database.transaction() as holder:
            await record_successes(holder, "c", [("e", 1)])
            with pytest.raises(Retryable, match="55P03"):
                async with database.transaction() as tx:
                    await record_successes(tx, "c", [("e", 2)])


async def test_waiting_for_a_free_connection_is_retryable(postgres: PostgresServer) -> None:
    async with (
        open_database(postgres.url, pool_size=1, busy_seconds=0.1) as database,
        database.transaction(),
    ):
        with pytest.raises(Retryable, match="in use"):
            async with database.transaction():
                pass


async def test_of_two_that_wait_for_each_other_one_is_told_to_try_again(postgres: PostgresServer) -> None:
    async with open_database(postgres.new_database()) as database:
        await database.setup()
        both = asyncio.Barrier(2)

        async def write(first: str, second: str) -> str:
            try:
                async with database.transaction() as tx:
                    await record_successes(tx, "c", [(first, 1)])
                    await both.wait()
                    await record_successes(tx, "c", [(second, 1)])
            except Retryable as error:
                return str(error)
            return "done"

        ends = sorted(await asyncio.gather(write("a", "b"), write("b", "a")))
    assert ends[0] == "done"
    assert "40P01" in ends[1]


@pytest.mark.parametrize(
    ("change", "query", "sentence"),
    [
        ("SELECT 1", "SELECT * FROM meetings", "adjourn setup"),
        ("CREATE TABLE meetings ()", "SELECT state FROM meetings", "adjourn setup"),
        ("ALTER DATABASE {name} SET default_transaction_read_only = on", "CREATE TABLE t ()", "read-only"),
        ("ALTER DATABASE {name} SET role = pg_monitor", "CREATE TABLE t ()", "does not permit"),
    ],
)
async def test_what_a_person_must_mend_is_a_halt(
    postgres: PostgresServer, change: str, query: str, sentence: str
) -> None:
    url = postgres.new_database()
    await _ask(url, change.format(name=url.rpartition("/")[2]))
    with pytest.raises(Halt, match=sentence):
        await _ask(url, query)


async def test_a_database_that_cannot_hold_every_language_is_a_halt(postgres: PostgresServer) -> None:
    url = postgres.new_database() + "_latin"
    await _create(url, "ENCODING LATIN1 LOCALE 'C'", postgres)
    async with open_database(url) as database:
        await database.setup()
        with pytest.raises(Halt, match="UTF-8"):
            async with database.transaction() as tx:
                await record_successes(tx, "c", [("李", 1)])


async def test_a_database_that_sorts_as_a_dictionary_does_gives_the_order_of_all_others(
    postgres: PostgresServer,
) -> None:
    url = postgres.new_database() + "_dictionary"
    await _create(url, "LOCALE_PROVIDER icu ICU_LOCALE 'en-US'", postgres)
    names = ["a", "B", "é", "z", "A.json", "a.json", "李"]
    async with open_database(url) as database:
        await database.setup()
        async with database.transaction() as tx:
            assert await tx.scalar(text("SELECT 'a' < 'B'"))
            for name in names:
                await add_artifact(tx, "p", "m", _artifact(name))
            assert [artifact.name for artifact in await artifacts_of(tx, "p", "m")] == sorted(names)


async def test_a_worker_that_is_gone_does_not_hold_its_locks_for_ever(postgres: PostgresServer) -> None:
    url = postgres.new_database()

    async def write_with_a_pause(quick: Database, database: Database) -> None:
        async with quick.transaction() as tx:
            await record_successes(tx, "c", [("e", 1)])
            async with database.transaction() as other:  # waits until the server has hung up on the first
                await record_successes(other, "c", [("e", 2)])
            await record_successes(tx, "c", [("e", 3)])

    async with open_database(url, statement_seconds=0.1) as quick, open_database(url) as database:
        await database.setup()
        with pytest.raises(Retryable):
            await write_with_a_pause(quick, database)
        async with database.reading() as tx:
            assert await last_successes(tx, "c", ["e"]) == {"e": 2}
