"""Summaries by a language model, at any endpoint that speaks OpenAI's protocol.

A long transcript is summarised in parts, and these summaries then in one. Nothing is made up for an endpoint
that is away: that is waited for.
"""

import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from infra.errors import Poison, Retryable
from infra.extras import not_installed
from infra.summaries.answers import SCHEMA, Answer, Nonsense, as_summary, notes_of, read_answer
from infra.summaries.base import Summarised, Summariser
from infra.summaries.lines import PART_BYTES, Line, in_parts, lines_of
from infra.summaries.prompt import Kind, messages_of
from schemas.summary import Effort, Summary
from schemas.transcript import Transcript

if TYPE_CHECKING:
    from openai import AsyncOpenAI

    from infra.summaries.completions import Usage

_TRIES: Final = 3
"""Of one question that is answered by nonsense."""

_MOST_PARTS: Final = 64
"""Some 24 h of talk: what is longer is no meeting, and would cost a fortune."""

_MOST_REMEMBERED: Final = 64
"""Transcripts of which a part is answered."""


@asynccontextmanager
async def open_openai(
    url: str,
    model: str,
    api_key: str,
    *,
    language: str = "",
    wishes: str = "",
    part_bytes: int = PART_BYTES,
    timeout_seconds: float = 300,
    most_bytes: int | None = None,
) -> AsyncIterator[Summariser]:
    """`url` ends in `/v1` as a rule. `api_key`, `language` and `wishes` may be empty. Raises `Halt` where the
    package is missing."""
    try:
        from infra.summaries.completions import MOST_ANSWER_BYTES, open_client
    except ImportError as error:
        raise not_installed("ADJOURN_SUMMARY=openai", "openai") from error
    async with open_client(
        url, api_key, timeout_seconds=timeout_seconds, most_bytes=most_bytes or MOST_ANSWER_BYTES
    ) as client:
        yield OpenAi(client, model, language, wishes, part_bytes, timeout_seconds)


@dataclass(slots=True)
class _Work:
    """What was answered so far of one transcript, by the question, and what it took."""

    answers: dict[str, Answer] = field(default_factory=dict)
    model: str | None = None
    requests: int = 0
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost: float | None = None

    def count(self, model: str | None, usage: "Usage") -> None:
        self.model = model or self.model
        self.requests += 1
        if usage.prompt_tokens is not None:
            self.prompt_tokens = (self.prompt_tokens or 0) + usage.prompt_tokens
        if usage.completion_tokens is not None:
            self.completion_tokens = (self.completion_tokens or 0) + usage.completion_tokens
        if usage.cost is not None:
            self.cost = (self.cost or 0.0) + usage.cost


@dataclass(frozen=True, slots=True)
class OpenAi:
    """What was answered before the endpoint went away is not asked, and paid for, again: `_begun` keeps it,
    as long as this process lives."""

    client: "AsyncOpenAI"
    model: str
    language: str
    wishes: str
    part_bytes: int
    timeout_seconds: float
    _begun: dict[str, _Work] = field(default_factory=dict)

    async def summarise(self, transcript: Transcript) -> Summarised:
        lines = lines_of(transcript)
        language = self.language or transcript.language
        if not lines:
            return Summarised(Summary(), Effort(by="openai"), language)
        key = hashlib.sha256("\n".join(line.shown for line in lines).encode()).hexdigest()
        work = self._begun.pop(key, _Work())
        try:
            answer = await self._whole(lines, work)
        except Retryable:
            self._remember(key, work)
            raise
        effort = Effort(
            by="openai",
            model=work.model or self.model,
            requests=work.requests,
            prompt_tokens=work.prompt_tokens,
            completion_tokens=work.completion_tokens,
            cost=work.cost,
        )
        return Summarised(as_summary(answer, lines), effort, language)

    async def _whole(self, lines: Sequence[Line], work: _Work) -> Answer:
        """Summaries of parts are notes for the next round, until one part holds them all."""
        kind: Kind = "transcript"
        given = lines
        while True:
            parts = in_parts(given, self.part_bytes)
            if len(parts) > _MOST_PARTS:
                raise Poison(
                    f"a transcript of {len(parts)} parts: more than {_MOST_PARTS} are not summarised"
                )
            answers = [await self._answer(part, kind, work) for part in parts]
            if len(answers) == 1:
                return answers[0]
            notes = notes_of(answers, lines)
            if len(in_parts(notes, self.part_bytes)) >= len(parts):
                raise Poison("the model's summaries of the parts are no shorter than the parts")
            given, kind = notes, "notes"

    async def _answer(self, part: Sequence[Line], kind: Kind, work: _Work) -> Answer:
        from infra.summaries.completions import complete

        messages = messages_of(part, kind, language=self.language, wishes=self.wishes, schema=SCHEMA)
        question = hashlib.sha256(json.dumps(messages).encode()).hexdigest()
        if question in work.answers:
            return work.answers[question]
        numbers = {line.number for line in part}
        wrong = ""
        for _ in range(_TRIES):
            try:
                completion = await complete(
                    self.client, self.model, messages, timeout_seconds=self.timeout_seconds
                )
                work.count(completion.model, completion.usage)
                if completion.nonsense:
                    raise Nonsense(completion.nonsense)
                work.answers[question] = read_answer(completion.content, numbers)
                return work.answers[question]
            except Nonsense as error:
                wrong = str(error)
        raise Poison(f"the model's answer is of no use, {_TRIES} times over: {wrong}")

    def _remember(self, key: str, work: _Work) -> None:
        self._begun[key] = work
        while len(self._begun) > _MOST_REMEMBERED:
            del self._begun[next(iter(self._begun))]
