"""A real S3 server."""

from pathlib import Path

from tests.servers.server import Server


class SeaweedServer(Server):
    access_key = "adjourn"
    secret_key = "adjourn-on-one-machine"

    def __init__(self) -> None:
        # Told to stop, it is done at once, and then waits 15 s for connections between its own parts.
        super().__init__("s3", stop_seconds=2)

    def __exit__(self, *reason: object) -> None:
        super().__exit__(*reason)
        for number in range(self.port, self.port + 10):
            for left in Path("/tmp").glob(f"seaweedfs-*-{number}.sock"):
                left.unlink(missing_ok=True)

    @property
    def endpoint_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"
