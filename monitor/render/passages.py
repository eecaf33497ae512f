"""Passages of articles, and the matched words in them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from unicodedata import bidirectional, east_asian_width
from urllib.parse import urlsplit

COLUMNS = 76  # of a line of plain text
LEAD_LIMIT = 600  # code points of the article's beginning

Pieces = tuple[tuple[str, bool], ...]  # text cut where marks begin and end; True: a matched word

# French sets a space inside guillemets and before high punctuation, where no line may end. `text.clean` made it a
# common one; here it gets its nature back, character for character, so that marks keep their places.
_BOUND_SPACE = re.compile(r" (?=[:;!?»%€])|(?<=«) ")

# Scripts that set no space between words: there a word may begin and end anywhere.
_SPACELESS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3041-\u30ff\u3400-\u9fff\uf900-\ufaff\uff66-\uff9f"


def marks_of(text: str, words: Sequence[str]) -> list[tuple[int, int]]:
    """Where words stand as they are written, as whole words, in order."""
    pattern = _pattern(tuple(words))
    return [found.span() for found in pattern.finditer(text)] if pattern else []


@lru_cache(maxsize=200)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str] | None:
    """Any of these words; the longest of several that begin alike."""
    whole = [_whole_word(word) for word in sorted(set(filter(None, words)), key=len, reverse=True)]
    return re.compile("|".join(whole)) if whole else None


def _whole_word(word: str) -> str:
    first = r"(?<!\w)" if re.match(rf"(?![{_SPACELESS}])\w", word[0]) else ""
    last = r"(?!\w)" if re.match(rf"(?![{_SPACELESS}])\w", word[-1]) else ""
    # Between the words of a phrase the text may have a line's end.
    return first + r"\s".join(map(re.escape, word.split(" "))) + last


def pieces(text: str, marks: Sequence[tuple[int, int]]) -> Pieces:
    """The text cut where marks begin and end; marks that lie outside it are left out."""
    text = _BOUND_SPACE.sub("\u00a0", text)
    cut = []
    at = 0
    for low, high in marks:
        low, high = max(low, at), min(high, len(text))
        if low < high:
            cut += [(text[at:low], False), (text[low:high], True)]
            at = high
    cut.append((text[at:], False))
    return tuple((piece, is_match) for piece, is_match in cut if piece)


def lead(text: str, words: Sequence[str], *, is_whole: bool) -> list[Pieces]:
    """The beginning of a text, a paragraph each, with "…" where it goes on."""
    stop = _lead_end(text)
    paragraphs = [pieces(paragraph, marks_of(paragraph, words)) for paragraph in text[:stop].split("\n")]
    paragraphs = [paragraph for paragraph in paragraphs if paragraph]
    if (stop < len(text) or not is_whole) and paragraphs:
        paragraphs[-1] += (("\u00a0…", False),)
    return paragraphs


def _lead_end(text: str) -> int:
    """Where the article's beginning ends: all of a short text, else between two words if there are any."""
    if len(text) <= LEAD_LIMIT:
        return len(text)
    edge = max(text.rfind(" ", LEAD_LIMIT - 60, LEAD_LIMIT), text.rfind("\n", LEAD_LIMIT - 60, LEAD_LIMIT))
    return edge if edge > 0 else LEAD_LIMIT


def direction(passage: Pieces) -> str:
    """Which way a passage is read: `rtl` or `ltr`, as most of its words are; where they are even, as the first is.

    An Arabic headline that begins with a name in Latin letters is read from the right all the same; `dir="auto"`, and a
    mail program that knows no such thing, would begin it at the wrong side (UAX #9 §4.3, HL1, leaves that to us).
    """
    words = [way for way in map(_way, plain(passage).split()) if way]
    rightward = words.count("rtl")
    return "rtl" if 2 * rightward > len(words) or (2 * rightward == len(words) and words[:1] == ["rtl"]) else "ltr"


def _way(word: str) -> str:
    """Which way a word is read, by its first letter; empty where it has none."""
    for char in word:
        match bidirectional(char):
            case "L":
                return "ltr"
            case "R" | "AL":
                return "rtl"
    return ""


def plain(passage: Pieces) -> str:
    """The text of a passage."""
    return "".join(text for text, _ in passage)


def has_mark(passages: Sequence[Pieces]) -> bool:
    """Whether any of these shows a matched word."""
    return any(is_match for passage in passages for _, is_match in passage)


def web_link(link: str | None) -> str | None:
    """The link if a reader may be sent there: absolute http(s), nothing in it that could end an attribute or a line."""
    if link is None or not link.isprintable() or re.search(r"[\s\"<>\\]", link):
        return None
    try:
        parts = urlsplit(link)
    except ValueError:
        return None
    return link if parts.scheme in ("http", "https") and parts.netloc else None


def filled(text: str, indent: str = "") -> str:
    """A paragraph in lines for a terminal, where a Chinese, Japanese or Korean character takes two columns.

    Words are kept whole, so Chinese and Japanese are left to the terminal to break.
    """
    lines, room = [""], COLUMNS - _columns(indent)
    width = 0  # of the last line
    for word in text.split(" "):
        columns = _columns(word)
        if not lines[-1]:
            lines[-1], width = word, columns
        elif width + 1 + columns <= room:
            lines[-1], width = f"{lines[-1]} {word}", width + 1 + columns
        else:
            lines.append(word)
            width = columns
    return "\n".join(indent + line for line in lines)


def _columns(text: str) -> int:
    return len(text) if text.isascii() else sum(2 if east_asian_width(char) in "WF" else 1 for char in text)
