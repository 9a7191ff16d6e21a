"""A process that uploads as it is told: `python -m tests.infra.objects.obeying URL PARTS_FOLDER`.

It begins a resumable upload of `NAME` and reads a word a line from stdin: a number of bytes to write,
`finish` or `leave`. To the beginning and to each word it answers with a line of JSON, an `Answer`.
"""

import asyncio
import json
import sys
from dataclasses import asdict, dataclass
from functools import cache
from random import Random

from infra.errors import Retryable
from infra.objects.base import Upload
from infra.objects.open import open_objects

NAME = "meeting/video.mp4"
LONGEST = 24 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """`error` is the name of the exception that was raised, if any."""

    id: str
    saved: int
    error: str = ""


def recording(size: int = LONGEST) -> bytes:
    """Always the same, no two parts of it alike."""
    return _whole()[:size]


@cache
def _whole() -> bytes:
    return Random("a recording").randbytes(LONGEST)


async def main(url: str, parts_folder: str) -> None:
    objects = open_objects(url, parts_folder=parts_folder)
    await objects.setup()
    async with objects.begin(NAME, media_type="video/mp4", resumable=True) as upload:
        rest = memoryview(recording())
        answer(upload)
        while (word := (await asyncio.to_thread(sys.stdin.readline)).strip()) not in ("leave", ""):
            try:
                if word == "finish":
                    await upload.finish()
                else:
                    await upload.write(bytes(rest[: int(word)]))
                    rest = rest[int(word) :]
            except Retryable as exc:
                answer(upload, type(exc).__name__)
            else:
                answer(upload)
    answer(upload)


def answer(upload: Upload, error: str = "") -> None:
    print(json.dumps(asdict(Answer(upload.id, upload.saved, error))), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
