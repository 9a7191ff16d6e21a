"""A real Kafka broker."""

from collections.abc import Mapping

from tests.servers.server import Server


class KafkaServer(Server):
    def __init__(self, properties: Mapping[str, str] | None = None) -> None:
        """`properties` are the broker's own, beyond those in `infra/deploy/kafka/server.properties`."""
        super().__init__(
            "kafka", [f"--property={name}={value}" for name, value in (properties or {}).items()]
        )

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"kafka://{self.bootstrap}"
