"""Start one Kafka broker in a folder: `python -m infra.deploy.kafka.start --folder var/kafka`.

Listens on PORT, and on PORT + 1 for itself. Its data outlives it; the log is `server.log` in the folder.
"""

import fcntl
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from infra.deploy.component import arguments, become, connect, not_here, parsed

_HERE: Final = Path(__file__).parent
_JARS: Final = _HERE / "jars"
_CLASSES: Final = _HERE / "jars.jsa"
"""What the JVM read of them, as it keeps it: a broker with that starts in two thirds of the time."""
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
    _get_jars()
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


def _get_jars() -> None:
    with (_HERE / "pom.xml").open() as pom:
        fcntl.flock(pom, fcntl.LOCK_EX)  # several may start at once
        if not _JARS.exists():
            _fetch(pom.name, _HERE / "jars.part")
        if not _CLASSES.exists():
            _keep_classes(_HERE / "jars.jsa.part")


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


def _keep_classes(unfinished: Path) -> None:
    """From formatting, which reads most of what a broker does. A JVM passes over what another has kept."""
    with tempfile.TemporaryDirectory() as folder:
        properties = _write_properties(Path(folder), 0, [])
        _format(Path(folder), properties, f"-XX:ArchiveClassesAtExit={unfinished}")
    if unfinished.exists():  # not every JVM can
        unfinished.rename(_CLASSES)


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


def _format(folder: Path, properties: Path, *options: str) -> None:
    command: list[str | Path] = [*_java("-Xmx128m", *options), "kafka.tools.StorageTool"]
    done = subprocess.run(  # noqa: S603 our own words
        [*command, "format", "--standalone", "-t", _CLUSTER_ID, "-c", properties],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        shutil.rmtree(folder / "data", ignore_errors=True)
        raise SystemExit(f"Kafka could not prepare {folder}: {done.stdout}{done.stderr}")


def _java(*options: str) -> list[str]:
    if not shutil.which("java"):
        not_here("Kafka needs Java 17 or newer: install it (Debian: apt-get install default-jre-headless).")
    kept = [f"-XX:SharedArchiveFile={_CLASSES}"] if _CLASSES.exists() else []
    return ["java", *options, *_FAST_START, *kept, _LOG_LEVEL, "-cp", f"{_JARS}/*"]


def _answers(port: int) -> bool:
    """It listens before it has registered with its controller: topics can be made once it names itself."""
    with connect(port) as connection:
        connection.sendall(_METADATA)
        answer = connection.recv(16, socket.MSG_WAITALL)
    return len(answer) == 16 and struct.unpack(">iiii", answer)[-1] > 0


if __name__ == "__main__":
    main()
