"""Start one PostgreSQL server in a folder: `python -m infra.deploy.postgres.start --folder var/postgres`.

Its data outlives it; the log is `server.log` in the folder. PostgreSQL refuses to run as root: root runs it
as the user `postgres`, to whom the folder then belongs.
"""

import os
import pwd
import shutil
import struct
import subprocess
import sys
from pathlib import Path
from typing import Final

from infra.deploy.component import arguments, become, connect, not_here, parsed

_USER: Final = "postgres"
_PROTOCOL_3: Final = 3 << 16
_HELLO: Final = struct.pack(">i", _PROTOCOL_3) + b"user\0postgres\0database\0postgres\0\0"
# Letters of every alphabet are letters, for the full-text search too; the order is that of the bytes.
_LOCALE: Final = "C.UTF-8" if sys.platform == "linux" else "en_US.UTF-8"


def main() -> None:
    # 5432 is where Debian's own server listens.
    parser = arguments("One PostgreSQL server.", port=5433)
    parser.add_argument("--setting", action="append", default=[], help="name=value, as in postgresql.conf")
    options = parsed(parser)
    programs = _programs()
    folder: Path = options.folder
    owner = _owner()
    if owner is not None:
        _hand_over(folder, owner)
    if not (folder / "data").exists():
        _initialize(programs / "initdb", folder, owner)
    settings = {"port": options.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": ""}
    given = [f"{name}={value}" for name, value in settings.items()] + options.setting
    become(
        [programs / "postgres", "-D", folder / "data", *(word for one in given for word in ("-c", one))],
        log_file=folder / "server.log",
        port=options.port,
        answers=_answers,
        lines=[f"ADJOURN_DATABASE_URL=postgresql://{_USER}@127.0.0.1:{options.port}/postgres"],
        user=owner,
    )


def _programs() -> Path:
    """The folder of `initdb` and `postgres`: Debian keeps one for each version, off the path."""
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(versions, key=lambda path: int(path.parts[-3]), default=None)
    found = newest or shutil.which("initdb")
    if found is None:
        not_here("PostgreSQL is not here: install it (Debian: apt-get install postgresql).")
    return Path(found).resolve().parent


def _owner() -> pwd.struct_passwd | None:
    """Who shall run it, when that is not who runs this."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(_USER)
    except KeyError:
        not_here(f"PostgreSQL does not run as root, and there is no user {_USER}: run this as another user.")


def _hand_over(folder: Path, owner: pwd.struct_passwd) -> None:
    os.chown(folder, owner.pw_uid, owner.pw_gid)
    closed = [parent for parent in folder.parents if not parent.stat().st_mode & 0o001]
    if closed:
        raise SystemExit(f"The user {_USER} cannot enter {closed[-1]}: choose another place with --folder.")


def _initialize(initdb: Path, folder: Path, owner: pwd.struct_passwd | None) -> None:
    part = folder / "data.part"
    shutil.rmtree(part, ignore_errors=True)
    command: list[str | Path] = [
        initdb,
        "-D",
        part,
        "-U",
        _USER,
        "--auth=trust",
        "--encoding=UTF8",
        f"--locale={_LOCALE}",
    ]
    done = subprocess.run(  # noqa: S603 our own words
        [*command, "--no-sync"],
        cwd=folder,
        user=owner and owner.pw_uid,
        group=owner and owner.pw_gid,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"PostgreSQL could not prepare {folder}: {done.stderr}")
    part.rename(folder / "data")


def _answers(port: int) -> bool:
    """While it starts it answers with an error; to one whom it trusts, then, with R."""
    with connect(port) as connection:
        connection.sendall(struct.pack(">i", len(_HELLO) + 4) + _HELLO)
        return connection.recv(1) == b"R"


if __name__ == "__main__":
    main()
