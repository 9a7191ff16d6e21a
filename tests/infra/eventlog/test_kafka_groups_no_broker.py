"""Reading where a broker says that none is in service, as one does in the moment after it was frozen."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from aiokafka.protocol.admin import ApiVersionRequest, ApiVersionResponse_v0
from aiokafka.protocol.api import Response
from aiokafka.protocol.metadata import MetadataRequest, MetadataResponse_v5

from infra.errors import LogUnavailable
from schemas.topics import WEBHOOKS
from tests.infra.eventlog.kafka_logs import cluster_of, kafka_log

_HOST = "127.0.0.1"


async def test_topics_are_not_called_missing_while_no_broker_is_in_service() -> None:
    async with _broker_that_goes_out_of_service() as url, kafka_log(cluster_of(url), setup=False) as log:
        with pytest.raises(LogUnavailable, match="no broker is in service"):
            async with log.subscribe([WEBHOOKS], "recordings"):
                pass


@asynccontextmanager
async def _broker_that_goes_out_of_service() -> AsyncIterator[str]:
    """It names itself to the first who asks for brokers, and nobody to those who ask later."""
    in_service = True

    def answered(question: int) -> Response:
        nonlocal in_service
        if question == ApiVersionRequest.API_KEY:
            return ApiVersionResponse_v0(0, [(MetadataRequest.API_KEY, 0, 5)])
        assert question == MetadataRequest.API_KEY
        brokers = [(1, _HOST, port, "")] if in_service else []
        in_service = False
        return MetadataResponse_v5(0, brokers, "cluster", 1, [])

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                (size,) = struct.unpack(">i", await reader.readexactly(4))
                question, _, number = struct.unpack_from(">hhi", await reader.readexactly(size))
                encoded = answered(question).encode()
                writer.write(struct.pack(">ii", 4 + len(encoded), number) + encoded)
        writer.close()

    server = await asyncio.start_server(answer, _HOST, 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        yield f"kafka://{_HOST}:{port}"
