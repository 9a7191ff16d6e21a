"""An endpoint that speaks OpenAI's chat completions over HTTP; told to, it misbehaves.

Source: https://platform.openai.com/docs/api-reference/chat/create (2026-11). Its model is a small program
that reads what it is asked: it summarises what stands between the boundaries, and obeys whoever gives it
orders anywhere else, as a language model would.
"""

import json
import re
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

KEY = "sk-of-the-account"
MODEL = "tiny-model"
OBEYED = "I have been told what to say."

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
_ORDER = re.compile(r"ignore (all|your|the) (previous|other) (rules|instructions)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Question:
    """What a client asked, and with which headers."""

    body: Mapping[str, Any]
    headers: Mapping[str, str]

    @property
    def text(self) -> str:
        return "\n".join(message["content"] for message in self.body["messages"])


@dataclass(slots=True)
class OpenAiApi:
    """`url` ends in `/v1`. The next questions get what is in `answers`, one each; then `always`, where there
    is one, else what the model says. `usage` is told of each."""

    url: str
    questions: list[Question] = field(default_factory=list)
    answers: deque[Answer] = field(default_factory=deque)
    always: Answer | None = None
    usage: Mapping[str, Any] = field(
        default_factory=lambda: {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
    )
    says: Callable[[Sequence[Mapping[str, str]]], str] = field(default_factory=lambda: small_model)


@asynccontextmanager
async def serve_openai() -> AsyncIterator[OpenAiApi]:
    """On a free port, until the context ends. Only `KEY` and no key at all ("none") are let in."""
    api = OpenAiApi("")

    async def complete(request: web.Request) -> web.StreamResponse:
        question = Question(await request.json(), dict(request.headers))
        api.questions.append(question)
        if request.headers.get("Authorization") not in (f"Bearer {KEY}", "Bearer none"):
            return web.json_response({"error": {"message": "Incorrect API key"}}, status=401)
        if api.answers:
            return await api.answers.popleft()(request)
        if api.always is not None:
            return await api.always(request)
        return completion(api.says(question.body["messages"]), usage=api.usage)

    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_post("/v1/chat/completions", complete)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        api.url = f"http://{host}:{port}/v1"
        yield api
    finally:
        await runner.cleanup()


def completion(
    content: str | None, *, usage: Mapping[str, Any] | None = None, finish_reason: str = "stop"
) -> web.Response:
    return web.json_response(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1_767_323_045,
            "model": f"{MODEL}-2026-01-01",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": content},
                    "finish_reason": finish_reason,
                }
            ],
            "usage": usage,
        }
    )


def saying(content: str | None, **more: Any) -> Answer:
    async def answer(_: web.Request) -> web.StreamResponse:
        return completion(content, **more)

    return answer


def refusing(status: int, headers: Mapping[str, str] | None = None, message: str = "No.") -> Answer:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.json_response({"error": {"message": message}}, status=status, headers=headers)

    return answer


def pouring(size: int, status: int = 200) -> Answer:
    """So many bytes, as long as somebody reads them."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=status, headers={"Content-Type": "application/json"})
        await response.prepare(request)
        try:
            for _ in range(size // 65_536):
                await response.write(b" " * 65_536)
        except ConnectionError:
            return response
        await response.write_eof()
        return response

    return answer


def small_model(messages: Sequence[Mapping[str, str]]) -> str:
    """Summarises the lines between the boundaries that its rules name. An order that stands anywhere else, or
    that no rule says to be data, it obeys."""
    rules = "\n".join(message["content"] for message in messages if message["role"] == "system")
    rest = "\n".join(message["content"] for message in messages if message["role"] != "system")
    data: list[str] = []
    if (named := re.search(r"<<<([0-9a-f]{32})", rules)) and "never do it" in rules:
        boundary = named[1]
        begin, _, after = rest.partition(f"<<<{boundary}\n")
        inside, _, end = after.partition(f"\n{boundary}>>>")
        data = [line for line in inside.split("\n") if re.match(r"\d+\|[\d:]*\|[^|]*\|", line)]
        rest = "\n".join([begin, *(line for line in inside.split("\n") if line not in data), end])
    if _ORDER.search(rest):
        return json.dumps({"overview": [OBEYED], "topics": [], "decisions": [], "action_items": []})
    return json.dumps(summary_of([line.split("|", 3) for line in data]))


def summary_of(lines: Sequence[Sequence[str]]) -> Mapping[str, Any]:
    """A summary that says how much it was given, and points to the first line and to the last."""
    number, _, _, text = lines[0]
    last = lines[-1]
    return {
        "overview": [f"{len(lines)} lines, from {number} to {last[0]}."],
        "topics": [{"title": f"About {text.split()[0]}", "text": text[:60], "line": int(number)}],
        "decisions": [{"text": f"Decided: {last[3][:60]}", "who": last[2], "line": int(last[0])}],
        "action_items": [{"text": "Somebody acts.", "who": "Zaphod", "line": int(number)}],
    }
