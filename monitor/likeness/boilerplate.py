"""Lines that stand under many headlines, and so tell of none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence

from monitor.likeness.words import MAX_CHARACTERS, MAX_TITLE
from monitor.text import digest, fold_words, written_words

_UNLIKE_HEADLINES = 3  # so many that have little in common
_OTHER_HEADLINES = 5  # or so many of any kind
_TITLE_LETTERS = 12  # a shorter title may be part of a sentence by chance


def line_digests(title: str, text: str) -> list[int]:
    """A digest of each line of a text, 63 bits, less the title where the line repeats it.

    "The post … appeared first on …" is the same line under every title. As they are written: what a program puts under
    every entry it puts there in the same letters.
    """
    heading = title[:MAX_TITLE]
    lines = text[:MAX_CHARACTERS].split("\n")
    if len(heading) > _TITLE_LETTERS:
        lines = [line.replace(heading, "\x1e") for line in lines]
    return [digest(line) for line in lines]


def boilerplate(entries: Sequence[tuple[str, str]]) -> frozenset[int]:
    """Digests of the lines that stand under different headlines in one document: footers, "Read more on …".

    `entries` are its (title, text) pairs. A line counts that stands under three headlines with little in common, or
    under five different ones.
    """
    headlines: dict[int, list[frozenset[str]]] = defaultdict(list)
    for title, text in entries:
        words = frozenset(fold_words(written_words(title[:MAX_TITLE])))
        for line in set(line_digests(title, text)):
            found = headlines[line]
            if len(found) < _OTHER_HEADLINES and words not in found:
                found.append(words)
    return frozenset(line for line, found in headlines.items() if _is_boilerplate(found))


def _is_boilerplate(headlines: Sequence[frozenset[str]]) -> bool:
    if len(headlines) >= _OTHER_HEADLINES:
        return True
    unlike: list[frozenset[str]] = []
    for words in headlines:
        if all(len(words & other) * 2 < min(len(words), len(other)) for other in unlike):
            unlike.append(words)
    return len(unlike) >= _UNLIKE_HEADLINES


def without(boilerplate: Collection[int], title: str, text: str) -> str:
    """The text without its lines of boilerplate."""
    if not boilerplate:
        return text
    lines = text[:MAX_CHARACTERS].split("\n")
    return "\n".join(line for line, key in zip(lines, line_digests(title, text), strict=True) if key not in boilerplate)
