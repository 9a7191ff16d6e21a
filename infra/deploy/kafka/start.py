"""Start one Kafka broker in a folder: `python -m infra.deploy.kafka.start --folder var/kafka`.

Listens on PORT, and on PORT + 1 for itself. Its data outlives it; the log is `server.log` in the folder.
"""

import fcntl
import shutil
import socket
import struct
import subprocess
import sys
from pathlib import Path
from typing import Final

from infra.deploy.component import arguments, become, connect, not_here, parsed

_HERE: Final = Path(__file__).parent
_JARS: Final = _HERE / "jars"
_CLUSTER_ID: Final = "adjourn-on-one-machine"
# The first second counts here, not the tenth hour: compile quickly, collect simply, write no metrics file.
_FAST_START: Final = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:-UsePerfData")
_LOG_LEVEL: Final = "-Dorg.apache.logging.log4j.level=WARN"
_METADATA: Final = struct.pack(">ihhihib", 15, 3, 4, 0, -1, 0, 0)
"""Which brokers are there? Length, request 3, its version, a number, no name, no topics, none to be made."""


def main() -> None:
    parser = arguments("One Kafka broker.", port=9092)
    parser.add_argument("--property", action="append", default=[], help="name=value, as in server.properties")
    options = parsed(parser)
    _resolve_jars()
    folder: Path = options.folder
    properties = _write_properties(folder, options.port, options.property)
    if not (folder / "data" / "meta.properties").exists():  # what formatting writes last
        _format(folder, properties)
    become(
        [*_java("-Xmx512m"), "kafka.Kafka", properties],
        log_file=folder / "server.log",
        port=options.port,
        answers=_answers,
        lines=[f"ADJOURN_LOG_URL=kafka://127.0.0.1:{options.port}"],
    )


def _resolve_jars() -> None:
    with (_HERE / "pom.xml").open() as pom:
        fcntl.flock(pom, fcntl.LOCK_EX)  # several may start at once
        if not _JARS.exists():
            _fetch(pom.name, _HERE / "jars.part")


def _fetch(pom: str, unfinished: Path) -> None:
    if not shutil.which("mvn"):
        not_here(
            "Maven, which fetches Kafka's jars, is not here: install it (Debian: apt-get install maven)."
        )
    shutil.rmtree(unfinished, ignore_errors=True)
    print("Fetching Kafka's jars …", file=sys.stderr)
    command = ["mvn", "-q", "-B", "-f", pom, "dependency:copy-dependencies"]
    done = subprocess.run(  # noqa: S603 our own words
        [*command, f"-DoutputDirectory={unfinished}"], stdout=sys.stderr, check=False
    )
    if done.returncode:
        raise SystemExit("Maven could not fetch Kafka's jars: what it printed says why.")
    unfinished.rename(_JARS)


def _write_properties(folder: Path, port: int, more: list[str]) -> Path:
    listeners = f"PLAINTEXT://127.0.0.1:{port}"
    lines = [
        (_HERE / "server.properties").read_text(),
        f"listeners={listeners},CONTROLLER://127.0.0.1:{port + 1}",
        f"advertised.listeners={listeners}",
        f"controller.quorum.bootstrap.servers=127.0.0.1:{port + 1}",
        f"log.dirs={folder / 'data'}",
        *more,
    ]
    path = folder / "server.properties"
    path.write_text("\n".join(lines) + "\n")
    return path


def _format(folder: Path, properties: Path) -> None:
    command: list[str | Path] = [*_java("-Xmx128m"), "kafka.tools.StorageTool", "format", "--standalone"]
    done = subprocess.run(  # noqa: S603 our own words
        [*command, "-t", _CLUSTER_ID, "-c", properties], capture_output=True, text=True, check=False
    )
    if done.returncode:
        shutil.rmtree(folder / "data", ignore_errors=True)
        raise SystemExit(f"Kafka could not prepare {folder}: {done.stdout}{done.stderr}")


def _java(memory: str) -> list[str]:
    if not shutil.which("java"):
        not_here("Kafka needs Java 17 or newer: install it (Debian: apt-get install default-jre-headless).")
    return ["java", memory, *_FAST_START, _LOG_LEVEL, "-cp", f"{_JARS}/*"]


def _answers(port: int) -> bool:
    """It listens before it has registered with its controller: topics can be made once it names itself."""
    with connect(port) as connection:
        connection.sendall(_METADATA)
        answer = connection.recv(16, socket.MSG_WAITALL)
    return len(answer) == 16 and struct.unpack(">iiii", answer)[-1] > 0


if __name__ == "__main__":
    main()
