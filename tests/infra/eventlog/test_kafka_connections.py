"""Encrypted connections, logins, and one that delivers late."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from infra.errors import Halt, LogUnavailable
from infra.eventlog.kafka.cluster import KafkaCluster
from tests.infra.eventlog.kafka_listeners import (
    PASSWORD,
    REQUEST_BYTES,
    USER,
    ManyListeners,
    many_listeners,
)
from tests.infra.eventlog.kafka_logs import append, cluster_of, everything, kafka_log, values
from tests.servers.kafka import KafkaServer

_CHUNK_BYTES = 65536
_DEADLINE_SECONDS = 20
_MECHANISMS = ("PLAIN", "SCRAM-SHA-512")


@pytest.fixture(scope="module")
def broker(kafka: KafkaServer) -> Iterator[ManyListeners]:
    """`kafka` only tells whether there can be one."""
    with many_listeners() as server:
        yield server


async def test_a_log_is_reached_by_an_encrypted_connection(broker: ManyListeners) -> None:
    await _write_and_read(
        cluster_of(broker.encrypted_url, security_protocol="SSL", ca_file=str(broker.certificate))
    )


async def test_our_own_certificate_is_shown_where_it_is_wanted(broker: ManyListeners) -> None:
    ours = {"certificate_file": str(broker.certificate), "key_file": str(broker.key)}
    await _write_and_read(
        cluster_of(broker.mutual_url, security_protocol="SSL", ca_file=str(broker.certificate), **ours)
    )


@pytest.mark.parametrize("mechanism", _MECHANISMS)
async def test_a_log_is_reached_with_a_login(broker: ManyListeners, mechanism: str) -> None:
    await _write_and_read(cluster_of(broker.login_url, **_login(broker, mechanism, PASSWORD)))


@pytest.mark.parametrize("mechanism", _MECHANISMS)
async def test_a_wrong_password_is_told_in_a_sentence(broker: ManyListeners, mechanism: str) -> None:
    cluster = cluster_of(broker.login_url, **_login(broker, mechanism, "wrong"), ack_timeout_seconds=4)
    async with kafka_log(cluster, setup=False) as log:
        with pytest.raises(Halt, match=r"refuses us .*ADJOURN_KAFKA_SECURITY_PROTOCOL") as probed:
            await log.probe()
        with pytest.raises(Halt, match="refuses us"):
            await log.setup()
        with pytest.raises(LogUnavailable, match="refuses us"):
            await append(log, "x")

    assert "wrong" not in str(probed.value)


async def test_a_certificate_that_nobody_we_trust_has_signed_is_told_in_a_sentence(
    broker: ManyListeners,
) -> None:
    async with kafka_log(cluster_of(broker.encrypted_url, security_protocol="SSL"), setup=False) as log:
        with pytest.raises(Halt, match=r"certificate verify failed.*ADJOURN_KAFKA_SECURITY_PROTOCOL"):
            await log.probe()


async def test_a_certificate_file_that_is_not_there_is_told_in_a_sentence(broker: ManyListeners) -> None:
    options = {"security_protocol": "SSL", "ca_file": "/nowhere/ca.pem"}
    async with kafka_log(cluster_of(broker.encrypted_url, **options), setup=False) as log:
        with pytest.raises(Halt, match="ADJOURN_KAFKA_CA_FILE"):
            await log.probe()


async def test_a_login_that_the_broker_does_not_offer_is_told_in_a_sentence(broker: ManyListeners) -> None:
    refused = await _refusal(cluster_of(broker.login_url, **_login(broker, "SCRAM-SHA-256", PASSWORD)))
    assert "(it does not offer what ADJOURN_KAFKA_SASL_MECHANISM says)" in refused


async def test_a_login_that_the_broker_does_not_want_is_told_in_a_sentence(broker: ManyListeners) -> None:
    options = {"security_protocol": "SASL_PLAINTEXT", "sasl_username": USER, "sasl_password": PASSWORD}
    assert "refuses us (it wants no login)" in await _refusal(cluster_of(broker.url, **options))


@pytest.mark.parametrize(
    ("listener", "protocol"),
    [
        ("url", "SSL"),
        ("encrypted_url", "PLAINTEXT"),
        ("login_url", "PLAINTEXT"),
        ("login_url", "SSL"),
        ("mutual_url", "SSL"),
    ],
)
async def test_where_the_broker_hangs_up_a_wrong_protocol_is_named_as_a_cause(
    broker: ManyListeners, listener: str, protocol: str
) -> None:
    url: str = getattr(broker, listener)
    cluster = cluster_of(url, security_protocol=protocol, ca_file=str(broker.certificate))
    async with kafka_log(cluster, setup=False) as log:
        with pytest.raises(
            LogUnavailable, match=rf"hung up on us.*ADJOURN_KAFKA_SECURITY_PROTOCOL \(now {protocol}\)"
        ):
            await log.probe()


@pytest.mark.parametrize("protocol", ["PLAINTEXT", "SSL"])
async def test_a_login_that_the_protocol_does_not_send_is_told_in_a_sentence(protocol: str) -> None:
    cluster = cluster_of("kafka://127.0.0.1:1", security_protocol=protocol, sasl_password="sesame")
    refused = await _refusal(cluster)
    assert "set ADJOURN_KAFKA_SECURITY_PROTOCOL to SASL_SSL or SASL_PLAINTEXT" in refused
    assert "sesame" not in refused


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_why_nobody_answers_is_said_in_words(host: str) -> None:
    async with kafka_log(cluster_of(f"kafka://{host}:1"), setup=False) as log:
        with pytest.raises(LogUnavailable, match=r"cannot be used: Connection refused$"):
            await log.probe()
        with pytest.raises(LogUnavailable, match=r"cannot be used: no broker answers$"):
            async with log.subscribe(["meetings.webhooks"], "group"):
                pass


async def test_what_was_given_up_and_arrives_late_is_refused_once_something_newer_is_there(
    broker: ManyListeners,
) -> None:
    async with (
        _Proxy(broker).open() as proxy,
        kafka_log(cluster_of(broker.proxied_url, ack_timeout_seconds=0.5)) as log,
    ):
        await append(log, "0")
        proxy.hold()
        with pytest.raises(LogUnavailable):
            await append(log, "given up")
        await append(log, "1")
        async with asyncio.timeout(_DEADLINE_SECONDS):
            await proxy.deliver()

        assert values(await everything(log)) == ["0", "1"]


async def test_what_was_given_up_and_arrives_late_may_be_there_before_anything_newer(
    broker: ManyListeners,
) -> None:
    async with (
        _Proxy(broker).open() as proxy,
        kafka_log(cluster_of(broker.proxied_url, ack_timeout_seconds=0.5)) as log,
    ):
        await append(log, "0")
        proxy.hold()
        with pytest.raises(LogUnavailable):
            await append(log, "given up")
        async with asyncio.timeout(_DEADLINE_SECONDS):
            await proxy.deliver()
        await append(log, "1")

        assert values(await everything(log)) == ["0", "given up", "1"]


async def test_large_records_share_no_request_that_a_broker_would_not_read(broker: ManyListeners) -> None:
    value = bytes(REQUEST_BYTES // 4 + 1)
    async with kafka_log(cluster_of(broker.url, partitions=8, ack_timeout_seconds=10)) as log:
        await asyncio.gather(*(append(log, value, key=f"bot-{number}") for number in range(6)))
        records = await everything(log)

    assert [len(record.value) for record in records] == [len(value)] * 6
    assert len({record.partition for record in records}) >= 4


async def _write_and_read(cluster: KafkaCluster) -> None:
    async with kafka_log(cluster) as log:
        await log.probe()
        await append(log, "x")
        assert values(await everything(log)) == ["x"]
        assert await log.backlog(["meetings.webhooks"], "group") == 1


async def _refusal(cluster: KafkaCluster) -> str:
    async with kafka_log(cluster, setup=False) as log:
        with pytest.raises(Halt) as refused:
            await log.probe()
    assert "<" not in str(refused.value)
    return str(refused.value)


def _login(broker: ManyListeners, mechanism: str, password: str) -> dict[str, Any]:
    return {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": mechanism,
        "sasl_username": USER,
        "sasl_password": password,
        "ca_file": str(broker.certificate),
    }


class _Proxy:
    """Between us and the broker: it can hold what is sent, and deliver it when the sender has long gone."""

    def __init__(self, broker: ManyListeners) -> None:
        self._broker = broker
        self._passes = asyncio.Event()
        self._passes.set()
        self._held: asyncio.Event | None = None
        self._answered = asyncio.Event()

    @asynccontextmanager
    async def open(self) -> AsyncIterator["_Proxy"]:
        port = int(self._broker.proxied_url.rpartition(":")[2])
        async with await asyncio.start_server(self._serve, "127.0.0.1", port) as server:
            yield self
            if self._held is not None:
                self._held.set()
            server.close()

    def hold(self) -> None:
        """From now on what comes over the connections of today; newer ones pass."""
        self._passes.clear()
        self._held, self._passes = self._passes, asyncio.Event()
        self._passes.set()

    async def deliver(self) -> None:
        """Returns when the broker has answered."""
        assert self._held is not None
        self._answered.clear()
        self._held.set()
        await self._answered.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        passes = self._passes
        from_broker, to_broker = await asyncio.open_connection("127.0.0.1", self._broker.behind_proxy)
        answering = asyncio.create_task(self._answer(passes, from_broker, writer))
        try:
            with suppress(ConnectionError):
                while chunk := await reader.read(_CHUNK_BYTES):
                    held = not passes.is_set()
                    await passes.wait()
                    to_broker.write(chunk)
                    if held:
                        await asyncio.wait([answering], timeout=1)
        finally:
            answering.cancel()
            to_broker.close()
            writer.close()

    async def _answer(
        self, passes: asyncio.Event, from_broker: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while chunk := await from_broker.read(_CHUNK_BYTES):
            if passes is self._held:
                self._answered.set()
            with suppress(ConnectionError):
                writer.write(chunk)
