"""Phrases by which decisions and action items give themselves away, in a few languages."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from infra.database.words import words_of

_DECIDES: Final = """
we (have )?(just )?decided|we (have )?agreed|we('re| are) going with|let'?s go (with|for|ahead)
|the decision is|decision made|we('ve| have) (settled|landed) on|we('ll| will) go (with|for)
|it('s| is) (decided|agreed|settled)
|wir haben (uns )?(entschieden|beschlossen|geeinigt)|beschlossen wir|die entscheidung ist|wir nehmen
|nous avons décidé|on a décidé|c'est décidé|nous (sommes|tombons) d'accord|on part sur|la décision est
|hemos (decidido|acordado)|decidimos|la decisión es|quedamos en|acordamos
|abbiamo (deciso|concordato)|la decisione è|decidimos|nós decidimos|ficou decidido|a decisão é
|we hebben (besloten|afgesproken)|het besluit is
"""
_PROMISES: Final = """
i('ll| will|'m going to| am going to| can take)|let me (take|follow|check|send|write|set|look)
|ich (werde|kümmere mich|übernehme|schicke|mache das)|je (vais|m'occupe|m'en occupe|m'en charge)
|(yo )?(me encargo|voy a|me ocupo)|mi (occupo|incarico)|(eu )?(vou|fico de)|ik (zal|ga|neem)
"""
_ASKS: Final = """
action item|to-?do( is|:)|follow up (with|on)|(can|could|will|would) you|please|needs? to|has to|is going to
|will (send|write|check|prepare|update|take|set|schedule|share|review|follow|call|fix|look|make|create|talk)
|by (monday|tuesday|wednesday|thursday|friday|tomorrow|next week|end of)
|kannst du|könntest du|können sie|bitte|muss noch|bis (montag|dienstag|mittwoch|donnerstag|freitag|morgen)
|peux-tu|pouvez-vous|tu peux|s'il (te|vous) plaît|doit|d'ici (lundi|mardi|mercredi|jeudi|vendredi|demain)
|puedes|podrías|por favor|tiene que|para el (lunes|martes|miércoles|jueves|viernes)
|puoi|potresti|per favore|deve|entro (lunedì|martedì|mercoledì|giovedì|venerdì)
|você pode|kun je|alsjeblieft
"""


def _any_of(phrases: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{phrases.replace(chr(10), '')})(?!\w)", re.IGNORECASE)


_DECISION: Final = _any_of(_DECIDES)
_PROMISE: Final = _any_of(_PROMISES)
_REQUEST: Final = _any_of(_ASKS)
_DEED: Final = 5
"""Words that a task takes at least: "I will" alone is none, nor is "can you hear me?"."""

_TALK: Final = re.compile(
    r"(?<!\w)(hear me|see my screen|see this|say that again|repeat|mute|unmute|hören|entend(s|ez))(?!\w)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Task:
    """`who` is to do it: whoever promises it, else the one who is named; null where nobody is."""

    who: str | None


def decides(text: str) -> bool:
    return _DECISION.search(_straight(text)) is not None


def task_in(text: str, speaker: str | None, speakers: Sequence[str]) -> Task | None:
    """Null where a sentence gives nobody anything to do."""
    text = _straight(text)
    if len(text.split()) < _DEED or _TALK.search(text):
        return None
    named = _named(text, speakers)
    if _PROMISE.search(text):
        return Task(speaker)
    if _REQUEST.search(text) and (named or not text.endswith("?")):
        return Task(named)
    return None


def _straight(text: str) -> str:
    return text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")


def _named(text: str, speakers: Sequence[str]) -> str | None:
    """The first of the speakers whose whole or first name is said."""
    said = words_of(text)
    for speaker in speakers:
        name = words_of(speaker)
        if name and not name[0].isdecimal() and len(name[0]) > 1 and name[0] in said:
            return speaker
    return None
