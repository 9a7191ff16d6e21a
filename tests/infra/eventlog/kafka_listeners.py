"""A broker with every kind of listener that our options can reach, and certificates made for it."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.kafka import KafkaServer
from tests.servers.server import ROOT

USER, PASSWORD = "adjourn", "sesame"

REQUEST_BYTES = 65 * 1024 * 1024
"""The largest that it reads."""

_ENCRYPTED, _MUTUAL, _LOGIN, _BEHIND_PROXY, PROXY = range(2, 7)
"""Ports, from the broker's own. At the last one a test may put itself between us and the broker."""


class ManyListeners(KafkaServer):
    def __init__(self) -> None:
        super().__init__()
        self.certificate, self._key = self.folder / "certificate.pem", self.folder / "key.pem"
        listeners = {
            "PLAINTEXT": self.port,
            "ENCRYPTED": self.port + _ENCRYPTED,
            "MUTUAL": self.port + _MUTUAL,
            "LOGIN": self.port + _LOGIN,
            "PROXIED": self.port + _BEHIND_PROXY,
        }
        places = {name: f"{name}://127.0.0.1:{port}" for name, port in listeners.items()}
        advertised = places | {"PROXIED": f"PROXIED://127.0.0.1:{self.port + PROXY}"}
        plain = "org.apache.kafka.common.security.plain.PlainLoginModule"
        scram = "org.apache.kafka.common.security.scram.ScramLoginModule"
        properties = {
            "listeners": ",".join(places.values()) + f",CONTROLLER://127.0.0.1:{self.port + 1}",
            "advertised.listeners": ",".join(advertised.values()),
            "inter.broker.listener.name": "PLAINTEXT",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,PROXIED:PLAINTEXT,"
            "ENCRYPTED:SSL,MUTUAL:SSL,LOGIN:SASL_SSL",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(self.folder / "keystore.pem"),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(self.certificate),
            "listener.name.mutual.ssl.client.auth": "required",
            "socket.request.max.bytes": str(REQUEST_BYTES),
            "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512",
            "listener.name.login.plain.sasl.jaas.config": f'{plain} required user_{USER}="{PASSWORD}";',
            "listener.name.login.scram-sha-512.sasl.jaas.config": f"{scram} required;",
        }
        self._options = [f"--property={name}={value}" for name, value in properties.items()]

    @property
    def encrypted_url(self) -> str:
        return f"kafka://127.0.0.1:{self.port + _ENCRYPTED}"

    @property
    def mutual_url(self) -> str:
        """It wants a certificate of ours."""
        return f"kafka://127.0.0.1:{self.port + _MUTUAL}"

    @property
    def login_url(self) -> str:
        """For `USER` with `PASSWORD`, encrypted."""
        return f"kafka://127.0.0.1:{self.port + _LOGIN}"

    @property
    def proxied_url(self) -> str:
        return f"kafka://127.0.0.1:{self.port + PROXY}"

    @property
    def behind_proxy(self) -> int:
        return self.port + _BEHIND_PROXY

    @property
    def key(self) -> Path:
        return self._key

    def make_certificate(self) -> None:
        """Signed by itself, and good for both sides."""
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
                *("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
                *("-keyout", self._key, "-out", self.certificate),
            ],
            check=True,
            capture_output=True,
        )
        keystore = self._key.read_text() + self.certificate.read_text()
        (self.folder / "keystore.pem").write_text(keystore)

    def add_user(self) -> None:
        """What a broker knows of SCRAM it keeps in its log, so it must be running."""
        subprocess.run(
            [
                *("java", "-XX:TieredStopAtLevel=1", "-cp", f"{ROOT}/infra/deploy/kafka/jars/*"),
                *("kafka.admin.ConfigCommand", "--bootstrap-server", self.bootstrap, "--alter"),
                *(
                    "--entity-type",
                    "users",
                    "--entity-name",
                    USER,
                    "--add-config",
                    f"SCRAM-SHA-512=[password={PASSWORD}]",
                ),
            ],
            check=True,
            capture_output=True,
        )


@contextmanager
def many_listeners() -> Iterator[ManyListeners]:
    with ManyListeners() as server:
        server.make_certificate()
        server.start()
        server.add_user()
        yield server
