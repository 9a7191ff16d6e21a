"""What the tests of transcripts stand on: webhooks in which somebody speaks, and what became of them."""

import hashlib
import json
from collections.abc import Sequence

from consumers.transcripts import CONSUMER
from infra.database.search import Hit, search
from infra.database.transcripts import TranscriptVersion, versions_of
from schemas.envelope import Record
from schemas.facts import Fact, TranscriptStored
from schemas.transcript import Transcript
from tests.consumers.storing import PROVIDER, Bench, webhook


def complete(text: str, *, event: str = "event-1", meeting: str = "bot-1") -> Record:
    """A v1 `complete` in which Ada says these words, one a second."""
    words = [{"start": second, "end": second + 0.5, "word": word} for second, word in enumerate(text.split())]
    said = {"speaker": "Ada", "offset": 0, "start_time": 0, "end_time": len(words), "words": words}
    data = {"bot_id": meeting, "mp4": "", "speakers": ["Ada"], "transcript": [said]}
    return webhook("complete", data, event=event, meeting=meeting)


def output(*segments: str) -> bytes:
    """v2's `output_transcription.json`: segments of 20 s each."""
    utterances = [
        {
            "text": text,
            "language": "en",
            "start": number * 20,
            "end": number * 20 + 20,
            "speaker": "Ada",
            "words": [
                {
                    "word": word,
                    "start": number * 20 + place,
                    "end": number * 20 + place + 1,
                    "confidence": 0.9,
                }
                for place, word in enumerate(text.split())
            ],
        }
        for number, text in enumerate(segments)
    ]
    result = {"utterances": utterances, "languages": ["en"], "total_duration": 20 * len(segments)}
    return json.dumps({"bot_id": "bot-1", "provider": "gladia", "result": result}).encode()


async def transcribe(bench: Bench, record: Record) -> Sequence[Fact]:
    return await CONSUMER.handle(record, bench.services)


def transcripts_in(facts: Sequence[Fact]) -> list[TranscriptStored]:
    bodies = [fact.body for fact in facts if isinstance(fact.body, TranscriptStored)]
    assert len(bodies) == len(facts)
    return bodies


async def stored_transcript(bench: Bench) -> Transcript:
    return Transcript.model_validate_json(await bench.content("transcript.json"))


async def everything(bench: Bench) -> dict[str, bytes]:
    names = [name.rpartition("/")[2] for name in await bench.stored()]
    return {name: await bench.content(name) for name in names}


async def found(bench: Bench, words: str) -> list[Hit]:
    async with bench.services.database.reading() as tx:
        return await search(tx, words, limit=10)


async def stored_versions(bench: Bench) -> list[TranscriptVersion]:
    async with bench.services.database.reading() as tx:
        return await versions_of(tx, PROVIDER, "bot-1")


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
