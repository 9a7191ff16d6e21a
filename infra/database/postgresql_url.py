"""The URL of a PostgreSQL database, written as libpq takes it; the driver reads it in much the same way."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from infra.errors import Halt

_FILES: Final = frozenset({"sslrootcert", "sslcert", "sslkey", "sslcrl"})


@dataclass(frozen=True, slots=True)
class Address:
    """`dsn` is for the driver. `name` may be shown: it holds neither user nor password."""

    dsn: str
    name: str
    connect_seconds: float | None
    parameters: frozenset[str]
    insists_on_tls: bool

    @property
    def names_files(self) -> bool:
        return not _FILES.isdisjoint(self.parameters)


def address_of(url: str) -> Address:
    """Raises `Halt` when the URL cannot be read: its text holds no part of it."""
    try:
        parts = urlsplit(url)
        if "@" in f"{parts.path}{parts.query}{parts.fragment}":
            raise ValueError("a character in the password ended the address")
        given = dict(parse_qsl(parts.query, keep_blank_values=True))
        wait = given.pop("connect_timeout", "")  # the only one that the driver does not know
        connect_seconds = float(wait) if wait else None
    except ValueError as error:
        raise Halt(
            "The database URL cannot be read: write it as postgresql://user:password@host/name,"
            " and in user and password / as %2F, ? as %3F, # as %23, @ as %40."
        ) from error
    database = unquote(parts.path.removeprefix("/"))
    hosts = parts.netloc.rpartition("@")[2] or given.get("host", "this machine")
    return Address(
        dsn=parts._replace(scheme="postgresql", query=urlencode(given)).geturl(),
        name=f"the database {database} at {hosts}" if database else f"the database at {hosts}",
        connect_seconds=connect_seconds,
        parameters=frozenset(given),
        insists_on_tls=given.get("sslmode") in ("require", "verify-ca", "verify-full"),
    )
