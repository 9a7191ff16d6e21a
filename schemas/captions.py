"""A transcript for people and players: plain text, WebVTT (https://www.w3.org/TR/webvtt1/) and SubRip."""

import re
from typing import Final

from schemas.cues import cues_of, known, one_line
from schemas.transcript import Transcript

_LIKE_SUBRIP: Final = re.compile(r"--(?=>)|<(?=\s*/?\s*[a-zA-Z])|\{(?=\\)|:\d+(?=[.,]\d)")
_INVISIBLE: Final = "\N{WORD JOINER}"


def as_text(transcript: Transcript) -> str:
    """A line a segment: `[00:01:05] Speaker: what was said`, without what is not known."""
    lines = []
    for segment in transcript.segments:
        start, speaker = known(segment.start), one_line(segment.speaker or "")
        time = "" if start is None else f"[{_time(int(start) * 1000, '.').partition('.')[0]}] "
        lines.append(f"{time}{speaker}{': ' if speaker else ''}{one_line(segment.text)}\n")
    return "".join(lines)


def as_vtt(transcript: Transcript) -> str:
    """WebVTT, the speaker as the voice of each cue. Cues are in order of start, and each has a length."""
    blocks = ["WEBVTT\n"]
    for cue in cues_of(transcript):
        voice = f"<v {_escaped(cue.speaker)}>" if cue.speaker else ""
        blocks.append(f"{_time(cue.start, '.')} --> {_time(cue.end, '.')}\n{voice}{_escaped(cue.text)}\n")
    return "\n".join(blocks)


def as_srt(transcript: Transcript) -> str:
    """SubRip. It knows no escapes: an invisible sign parts what looks like its times, arrows and tags."""
    blocks = []
    for number, cue in enumerate(cues_of(transcript), start=1):
        line = f"{cue.speaker}: {cue.text}" if cue.speaker else cue.text
        times = f"{_time(cue.start, ',')} --> {_time(cue.end, ',')}"
        blocks.append(f"{number}\n{times}\n{_harmless(line)}\n")
    return "\n".join(blocks)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _harmless(text: str) -> str:
    return _LIKE_SUBRIP.sub(lambda like: like[0] + _INVISIBLE, text)


def _time(milliseconds: int, point: str) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}{point}{rest:03}"
