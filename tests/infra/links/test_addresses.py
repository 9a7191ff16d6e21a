"""Which addresses are public, whatever way they are written."""

from ipaddress import ip_address

import pytest

from infra.links.addresses import is_allowed, is_public, parse_allowed

NOT_PUBLIC = (
    *("0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254"),
    *(
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
    ),
    *(
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.9",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
    ),
    *("255.255.255.255", "168.63.129.16"),
    *(
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:a9fe:a9fe",
        "fe80::1",
        "fe80::1%eth0",
    ),
    *(
        "fc00::1",
        "fd00:ec2::254",
        "fec0::1",
        "ff02::1",
        "64:ff9b::7f00:1",
        "64:ff9b::10.0.0.1",
        "64:ff9b:1::1",
    ),
    *(
        "::ffff:0:7f00:1",
        "2002:7f00:1::",
        "2002:808:808::1",
        "2001::1",
        "2001:db8::1",
        "3fff::1",
        "100::1",
        "5f00::1",
        "4000::1",
    ),
)
PUBLIC = (
    *(
        "1.1.1.1",
        "8.8.8.8",
        "100.63.255.255",
        "100.128.0.1",
        "172.15.0.1",
        "172.32.0.1",
        "192.0.1.1",
        "223.255.255.1",
    ),
    *("2606:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8", "64:ff9b::808:808"),
)


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_an_address_for_special_purposes_is_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize("address", ["10.1.2.3", "::ffff:10.1.2.3", "fd12::7", "127.0.0.1", "::1"])
def test_what_an_allowed_network_holds_is_allowed(address: str) -> None:
    allowed = parse_allowed(["10.1.0.0/16", "fd12::/16", "127.0.0.1", "[::1]"])
    assert is_allowed(ip_address(address), allowed)


@pytest.mark.parametrize("address", ["10.2.0.1", "127.0.0.2", "fd13::1", "8.8.8.8"])
def test_what_no_allowed_network_holds_is_not_allowed(address: str) -> None:
    allowed = parse_allowed(["10.1.0.0/16", "fd12::/16", "127.0.0.1"])
    assert not is_allowed(ip_address(address), allowed)


def test_a_network_may_be_written_by_one_of_its_addresses() -> None:
    assert is_allowed(ip_address("10.1.200.1"), parse_allowed(["10.1.2.3/16"]))


def test_an_entry_that_is_no_network_is_the_name_of_a_host() -> None:
    assert parse_allowed(["Files.Internal."]).hosts == {"files.internal"}


@pytest.mark.parametrize("entry", ["10.0.0.0/99", "fd12::/x", "files.internal:8080", "fe80:::1"])
def test_an_entry_that_can_be_neither_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match="does not appear to be"):
        parse_allowed([entry])
