"""How a Kafka cluster is reached: its URL and options as aiokafka's arguments, and what its errors mean."""

import asyncio
import os
import re
import ssl
import time
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs, urlsplit

from aiokafka import errors
from aiokafka.client import AIOKafkaClient
from aiokafka.conn import collect_hosts, create_conn
from aiokafka.protocol.api import Request
from aiokafka.protocol.metadata import MetadataRequest

from infra.errors import Halt, LogUnavailable
from infra.eventlog.kafka.options import KafkaOptions

_REQUEST_TIMEOUT_SECONDS = 10
_ASK_AGAIN_SECONDS = 0.05

_CREDENTIALS = (
    errors.SaslAuthenticationFailed,
    errors.AuthenticationFailedError,
    errors.UnsupportedSaslMechanismError,
    errors.IllegalSaslStateError,
    ssl.SSLCertVerificationError,
)
_HUNG_UP = (errors.KafkaConnectionError, ConnectionResetError, ssl.SSLError)
"""As a broker does that stops, and one that expected something else: a login, encryption, a certificate."""

_PERMISSIONS = (
    errors.TopicAuthorizationFailedError,
    errors.GroupAuthorizationFailedError,
    errors.ClusterAuthorizationFailedError,
)


@dataclass(frozen=True)
class KafkaCluster:
    """`prefix` stands before the names of our topics and groups, so that several can share a cluster."""

    servers: tuple[str, ...]
    prefix: str = ""
    options: KafkaOptions = field(default_factory=KafkaOptions)

    def named(self, name: str) -> str:
        """A topic's or group's name on the cluster."""
        return self.prefix + name

    @cached_property
    def arguments(self) -> dict[str, Any]:
        """What every client of aiokafka is given. Raises `Halt` when certificates or login cannot be used."""
        options = self.options
        encrypted = options.security_protocol in ("SSL", "SASL_SSL")
        if (options.sasl_username or options.sasl_password) and "SASL" not in options.security_protocol:
            raise Halt(
                f"A name or password for Kafka is set, and {options.security_protocol} sends none: set "
                "ADJOURN_KAFKA_SECURITY_PROTOCOL to SASL_SSL or SASL_PLAINTEXT, or leave "
                "ADJOURN_KAFKA_SASL_USERNAME and ADJOURN_KAFKA_SASL_PASSWORD empty."
            )
        return {
            "bootstrap_servers": list(self.servers),
            "client_id": "adjourn",
            "security_protocol": options.security_protocol,
            "ssl_context": self._ssl_context() if encrypted else None,
            "sasl_mechanism": options.sasl_mechanism or "PLAIN",
            "sasl_plain_username": options.sasl_username,
            "sasl_plain_password": options.sasl_password,
        }

    async def connect(self, request_timeout_seconds: float = _REQUEST_TIMEOUT_SECONDS) -> AIOKafkaClient:
        """Raises `LogUnavailable` while no broker answers, `Halt` when one refuses who we are."""
        arguments = self.arguments | {"request_timeout_ms": int(request_timeout_seconds * 1000)}
        client = AIOKafkaClient(**arguments)
        # Cancelled in the middle of it, aiokafka would leave a connection open.
        bootstrap = asyncio.ensure_future(client.bootstrap())
        try:
            await asyncio.shield(bootstrap)
        except asyncio.CancelledError:
            await asyncio.gather(bootstrap, return_exceptions=True)
            await abandon(client)
            raise
        except errors.KafkaError as exc:
            await abandon(client)
            with self.reported():
                await self._try_servers(arguments)
            raise self.unavailable("no broker answers") from exc
        try:
            await self._await_brokers(client, request_timeout_seconds)
        except BaseException:
            await abandon(client)
            raise
        return client

    @asynccontextmanager
    async def connected(
        self, request_timeout_seconds: float = _REQUEST_TIMEOUT_SECONDS
    ) -> AsyncIterator[AIOKafkaClient]:
        client = await self.connect(request_timeout_seconds)
        try:
            yield client
        finally:
            await abandon(client)

    @contextmanager
    def reported(self) -> Iterator[None]:
        """Turns the errors of clients into `LogUnavailable`, or `Halt` where only a person can help."""
        try:
            yield
        except _CREDENTIALS as exc:
            raise Halt(
                f"Kafka at {self.place} refuses us ({_reason(exc)}): see ADJOURN_KAFKA_SECURITY_PROTOCOL and "
                "the settings of SASL and certificates."
            ) from exc
        except _PERMISSIONS as exc:
            raise Halt(f"Kafka at {self.place} does not permit this: {_reason(exc)}") from exc
        except (errors.KafkaError, OSError, TimeoutError) as exc:
            raise self.unavailable(_reason(exc)) from exc

    def unavailable(self, reason: str) -> LogUnavailable:
        return LogUnavailable(f"Kafka at {self.place} cannot be used: {reason}")

    @property
    def place(self) -> str:
        return ",".join(self.servers)

    async def _await_brokers(self, client: AIOKafkaClient, seconds: float) -> None:
        """One that has just started, or was frozen, answers before its controller counts it in."""
        deadline = time.monotonic() + seconds
        while not client.cluster.brokers():
            if time.monotonic() > deadline:
                raise self.unavailable("the cluster names no broker that serves")
            await asyncio.sleep(_ASK_AGAIN_SECONDS)
            await client.force_metadata_update()

    async def _try_servers(self, arguments: dict[str, Any]) -> None:
        """Raises why the first server that can be reached, or else the last one, does not want us."""
        names = {"bootstrap_servers", "client_id"}
        rest = {name: value for name, value in arguments.items() if name not in names}
        trouble: Exception | None = None
        for host, port, _ in collect_hosts(list(self.servers)):
            try:
                await _greet(host, port, rest)
            except _CREDENTIALS:
                raise
            except _HUNG_UP as exc:
                raise self.unavailable(
                    f"{host}:{port} hung up on us. If it goes on doing so, see "
                    f"ADJOURN_KAFKA_SECURITY_PROTOCOL (now {self.options.security_protocol}) "
                    "and the settings of SASL and certificates"
                ) from exc
            except (OSError, TimeoutError) as exc:
                trouble = exc
            else:
                return
        if trouble is not None:
            raise trouble

    def _ssl_context(self) -> ssl.SSLContext:
        options = self.options
        try:
            context = ssl.create_default_context(cafile=options.ca_file or None)
            if options.certificate_file:
                context.load_cert_chain(options.certificate_file, options.key_file or None)
        except OSError as exc:
            raise Halt(
                f"The certificates for Kafka cannot be read ({exc}): see ADJOURN_KAFKA_CA_FILE, "
                "ADJOURN_KAFKA_CERTIFICATE_FILE and ADJOURN_KAFKA_KEY_FILE."
            ) from exc
        return context


def cluster_at(url: str, options: KafkaOptions) -> KafkaCluster:
    """`kafka://host:9092[,host:9092][?prefix=staging.]`. Raises `ValueError` for anything else."""
    parts = urlsplit(url)
    servers = tuple(server for server in parts.netloc.split(",") if server)
    asked = parse_qs(parts.query, keep_blank_values=True)
    prefix = asked.pop("prefix", [""])[-1]
    legal = re.fullmatch(r"[A-Za-z0-9._-]{0,200}", prefix) is not None
    if (
        parts.scheme != "kafka"
        or not servers
        or "@" in parts.netloc
        or parts.path.strip("/")
        or asked
        or not legal
    ):
        raise ValueError(
            "The URL of a log on Kafka must look like kafka://host:9092,host:9092?prefix=staging. "
            "(the prefix may be left out; letters, digits, dots, dashes and underscores)."
        )
    return KafkaCluster(servers, prefix, options)


async def ask(client: AIOKafkaClient, request: Request[Any], node: int | None = None) -> Any:
    """The answer of that broker, or of any."""
    return await client.send(client.get_random_node() if node is None else node, request)


def abandon(client: AIOKafkaClient) -> Coroutine[Any, Any, None]:
    """Give up its connections now, whatever is still to be sent: a broker that is frozen reads nothing. What
    it returns closes the rest."""
    for connection in list(client._conns.values()):
        if connection._writer is not None:
            connection._writer.transport.abort()
    return _close(client)


async def _close(client: AIOKafkaClient) -> None:
    await client.close()
    await asyncio.sleep(0)  # in which the transports let go of their sockets


async def _greet(host: str, port: int, arguments: dict[str, Any]) -> None:
    """Log in and ask something: a broker that wants a login answers nothing else."""
    connection = await create_conn(host, port, **arguments)
    try:
        await connection.send(MetadataRequest([]))
    finally:
        connection.close()


def _reason(exc: BaseException) -> str:
    if isinstance(exc, errors.UnsupportedSaslMechanismError):
        return "it does not offer what ADJOURN_KAFKA_SASL_MECHANISM says"
    if isinstance(exc, errors.IllegalSaslStateError):
        return "it wants no login"
    if isinstance(exc, errors.SaslAuthenticationFailed) and exc.args:
        return str(exc.args[0])
    if isinstance(exc, errors.KafkaConnectionError) and "bootstrap" in str(exc):
        return "no broker answers"
    if isinstance(exc, OSError) and (numbers := re.findall(r"\[Errno (\d+)\]", str(exc))):
        # One for each address of the host, and asyncio shows them as Python does.
        return ", ".join(dict.fromkeys(os.strerror(int(number)) for number in numbers))
    return str(exc) or ("no answer in time" if isinstance(exc, TimeoutError) else type(exc).__name__)
