"""Install this project into the virtual environment that runs this file, as `constraints.txt` pins it.

    python infra/deploy/install.py [GROUP or EXTRA ...]

Only pip and the standard library: the machine may have nothing else. Every package is checked against its
hash.
"""

import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CONSTRAINTS = ROOT / "constraints.txt"


def install(wanted: list[str]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = project["dependency-groups"] | project["project"].get("optional-dependencies", {})
    requirements = [*project["project"]["dependencies"], *groups["build"]]
    for name in wanted:
        requirements += groups[name]
    print(f"Installing {len(requirements)} packages and what they need into {sys.prefix} …", file=sys.stderr)
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as pip_itself:
        # An older pip takes no hashes from a constraints file: begin with the one that we pin.
        pip_itself.write(_entry("pip"))
        pip_itself.flush()
        _pip("--require-hashes", "-r", pip_itself.name)
    _pip("-c", str(CONSTRAINTS), *(_pinned(requirement) for requirement in requirements))
    _pip("--no-deps", "--no-build-isolation", "-e", ".")


def _entry(name: str) -> str:
    """What `constraints.txt` says of a package: its version and its hashes."""
    found = re.search(rf"(?mi)^{re.escape(name)}==.*(\n +--hash=.*)+", CONSTRAINTS.read_text())
    if found is None:
        raise SystemExit(f"constraints.txt does not hold {name}: run `make constraints`.")
    return found[0]


def _pinned(requirement: str) -> str:
    """`name[extra]>=1` as `name[extra]==1.2.3`: where hashes are asked for, pip wants the version too."""
    name, _, extra = re.split(r"[<>=!~; ]", requirement, maxsplit=1)[0].partition("[")
    version = re.split(r"[ ;\\]", _entry(name).partition("==")[2], maxsplit=1)[0]
    return f"{name}[{extra}=={version}" if extra else f"{name}=={version}"


def _pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", *arguments]
    subprocess.run(command, cwd=ROOT, check=True)  # noqa: S603 our own arguments


if __name__ == "__main__":
    install(sys.argv[1:])
