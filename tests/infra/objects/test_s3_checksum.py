"""The CRC-32 of a whole from those of its parts, against zlib's own."""

import os
import zlib

import pytest

from infra.objects.s3.checksum import as_header, crc32, crc32_of_all, from_header


@pytest.mark.parametrize("sizes", [(), (0,), (1,), (0, 1, 0), (7, 1000), (9_000_001, 9_000_001, 5)])
def test_the_crc_of_a_whole_is_told_by_those_of_its_parts(sizes: tuple[int, ...]) -> None:
    parts = [os.urandom(size) for size in sizes]
    told = crc32_of_all([(zlib.crc32(part), len(part)) for part in parts])
    assert told == zlib.crc32(b"".join(parts))


def test_a_crc_is_what_s3_writes_into_a_header() -> None:
    assert as_header(crc32([b"1234", b"56789"])) == "y/Q5Jg=="
    assert from_header("y/Q5Jg==") == zlib.crc32(b"123456789")
