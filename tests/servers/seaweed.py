"""A real S3 server."""

from pathlib import Path

from tests.servers.server import PORTS, Server


class SeaweedServer(Server):
    access_key = "adjourn"
    secret_key = "adjourn-on-one-machine"

    def __init__(self) -> None:
        # Told to stop, it is done at once, and then waits 15 s for connections between its own parts.
        super().__init__("s3", stop_seconds=2)

    def __exit__(self, *reason: object) -> None:
        super().__exit__(*reason)
        remove_sockets(self.port)

    @property
    def endpoint_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def remove_sockets(port: int) -> None:
    """Killed, it leaves them behind, in a place that it does not let us choose."""
    for number in range(port, port + PORTS):
        for left in Path("/tmp").glob(f"seaweedfs-*-{number}.sock"):
            left.unlink(missing_ok=True)
