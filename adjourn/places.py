"""Where the parts are, as their URLs say: on this machine or on another."""

from pathlib import Path
from urllib.parse import urlsplit

from infra.errors import Halt


def embedded(url: str) -> Path | None:
    """The file or folder of a part that is embedded in this program; null where the part is a server."""
    scheme, _, path = url.partition(":///")
    return Path(path) if scheme in ("sqlite", "file") else None


def require_existing(url: str) -> None:
    """Raises `Halt` when the file or folder of an embedded part is not there: most often the wrong folder."""
    path = embedded(url)
    if path is not None and not path.exists():
        raise Halt(
            f"There is no {path} here. Run this where Adjourn runs (now: {Path.cwd()}), "
            "or create what is missing with `adjourn setup`."
        )


def shown(url: str) -> str:
    """The URL as it may be printed: without a password or a query."""
    if embedded(url) is not None:
        return url
    parts = urlsplit(url)
    who, at, where = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{who.partition(':')[0]}{at}{where}", query="").geturl()
