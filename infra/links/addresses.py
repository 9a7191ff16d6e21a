"""Which addresses a link that came from outside may lead to."""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final

Address = IPv4Address | IPv6Address

# Python's own `is_global` follows the registries only from 3.11.9 on, and takes multicast for global.
# IANA IPv4 and IPv6 Special-Purpose Address Registries, as of 2026.
_NOT_PUBLIC_V4: Final = tuple(
    map(
        IPv4Network,
        (
            *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
            *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15"),
            *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
            "168.63.129.16/32",  # Azure answers a virtual machine's own questions here
        ),
    )
)
_PUBLIC_V6: Final = IPv6Network("2000::/3")
# Teredo, benchmarks and ORCHID; documentation, twice; and 6to4, which hides an IPv4 address.
_NOT_PUBLIC_V6: Final = tuple(map(IPv6Network, ("2001::/23", "2001:db8::/32", "3fff::/20", "2002::/16")))
_NAT64: Final = IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Allowed:
    """What an operator lets downloads reach although it is not public: exact host names, and networks."""

    hosts: frozenset[str]
    networks: tuple[IPv4Network | IPv6Network, ...]


def parse_allowed(entries: Iterable[str]) -> Allowed:
    """Host names, addresses and networks (`files.internal`, `127.0.0.1`, `10.1.0.0/16`).

    Raises `ValueError` for what looks like a network and is none.
    """
    hosts: set[str] = set()
    networks: list[IPv4Network | IPv6Network] = []
    for entry in entries:
        try:
            networks.append(ip_network(entry.strip("[]"), strict=False))
        except ValueError:
            if "/" in entry or ":" in entry:
                raise
            hosts.add(plain_host(entry))
    return Allowed(frozenset(hosts), tuple(networks))


def plain_host(host: str) -> str:
    """A host name as it is compared: `LOCALHOST.` is `localhost`."""
    return host.lower().rstrip(".")


def is_public(address: Address) -> bool:
    address = _inner(address)
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_V4)
    return address in _PUBLIC_V6 and not any(address in network for network in _NOT_PUBLIC_V6)


def is_allowed(address: Address, allowed: Allowed) -> bool:
    """Whether one of the allowed networks holds the address."""
    return any(_inner(address) in network or address in network for network in allowed.networks)


def parse_address(text: str) -> Address:
    """An address as the resolver gives it, with or without an IPv6 zone."""
    return ip_address(text)


def _inner(address: Address) -> Address:
    """The IPv4 address that is really reached through an IPv4-mapped or NAT64 one."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address
