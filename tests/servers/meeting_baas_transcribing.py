"""How Meeting BaaS makes a transcript once more, both generations; it takes as long as the test wants.

Source: https://github.com/Meeting-BaaS/docs at fd14185: `openapi.json` (v1's `POST /bots/retranscribe`);
https://github.com/Meeting-BaaS/sdk-generator at d0a1d42 (v2's, and its `GET …/status`).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

_NUMBERS: Final = count(1)


@dataclass(slots=True)
class Transcribing:
    """A bot's transcription. `status` and `updated_at` are what v2 tells of it, `failures` what v1 does.

    `asked` are the questions that were taken, by which each costs money. v2 does not always know at once that
    it has taken one: `shows_late` keeps it from saying so.
    """

    status: str = "done"
    provider: str | None = "gladia"
    failures: int = 0
    transcripts: Sequence[Mapping[str, object]] = ()
    file: str = ""
    asked: list[Mapping[str, Any]] = field(default_factory=list)
    shows_late: bool = False
    updated_at: int = field(default_factory=lambda: next(_NUMBERS))

    def take(self, question: bytes) -> None:
        self.asked.append(json.loads(question) or {})
        if not self.shows_late:
            self._become("queued")

    def ends(self, *, transcripts: Sequence[Mapping[str, object]] = (), file: str = "") -> None:
        """Another transcript is there: rows of v1, or the path of v2's file."""
        self.transcripts, self.file = transcripts or self.transcripts, file or self.file
        self._become("done")

    def fails(self) -> None:
        self.failures += 1
        self._become("error")

    def _become(self, status: str) -> None:
        self.status = status
        self.updated_at = next(_NUMBERS)


def said(*sentences: str) -> list[Mapping[str, object]]:
    """Rows of v1's REST: Ada says these, each word a second, and all have numbers of their own."""
    rows: list[Mapping[str, object]] = []
    begin = 0.0
    for sentence in sentences:
        words = [
            {
                "id": next(_NUMBERS),
                "bot_id": 1,
                "start_time": begin + place,
                "end_time": begin + place + 0.5,
                "text": word,
            }
            for place, word in enumerate(sentence.split())
        ]
        rows.append(
            {
                "id": next(_NUMBERS),
                "bot_id": 1,
                "speaker": "Ada",
                "start_time": begin,
                "end_time": None,
                "lang": "en",
                "user_id": None,
                "words": words,
            }
        )
        begin += len(words)
    return rows
