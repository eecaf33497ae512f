"""What changed between two versions of a text, for people to see: paragraph by paragraph, and in these word by word."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

Kind = Literal["same", "gone", "new"]

# Comparing takes time by the square of what is compared: what is longer is shown as replaced, whole.
MOST_PARAGRAPHS = 400
MOST_WORDS = 600  # of a paragraph
ALIKE = 0.4  # share of words that two paragraphs have in common, to be shown as one that changed

# A word of a script with spaces, one character of one without, or what stands between.
_TOKEN = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3041-\u30ff\u3400-\u9fff]|\w+|\s+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of the newer version, or one that is gone."""

    pieces: tuple[tuple[str, Kind], ...]

    @property
    def changed(self) -> bool:
        """Whether it is not what it was."""
        return any(kind != "same" for _, kind in self.pieces)


def changes(before: str, after: str) -> tuple[Paragraph, ...]:
    """The newer text with what is new in it and what is gone from it, in order of the newer one."""
    old, new = before.split("\n"), after.split("\n")
    if max(len(old), len(new)) > MOST_PARAGRAPHS:
        return _replaced(old, new)
    found: list[Paragraph] = []
    for kind, low, high, start, stop in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            found += [Paragraph(((text, "same"),)) for text in new[start:stop]]
        else:
            found += _paired(old[low:high], new[start:stop])
    return tuple(paragraph for paragraph in found if paragraph.pieces)


def _paired(old: Sequence[str], new: Sequence[str]) -> Iterator[Paragraph]:
    """Paragraphs in place of others: those that are alike are one that changed."""
    left = list(old)
    for text in new:
        words = _tokens(text)
        alike = next((at for at, other in enumerate(left) if _likeness(_tokens(other), words) >= ALIKE), None)
        if alike is None:
            yield Paragraph(((text, "new"),) if text else ())
            continue
        for gone in left[:alike]:
            yield Paragraph(((gone, "gone"),) if gone else ())
        yield Paragraph(tuple(_words(_tokens(left[alike]), words)))
        del left[: alike + 1]
    for gone in left:
        yield Paragraph(((gone, "gone"),) if gone else ())


def _likeness(old: Sequence[str], new: Sequence[str]) -> float:
    """Which share of their words two paragraphs have in common; 0 for what is too long to compare."""
    if max(len(old), len(new)) > MOST_WORDS:
        return 0.0
    one, other = {word for word in old if word.strip()}, {word for word in new if word.strip()}
    return len(one & other) / max(len(one), len(other), 1)


def _words(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[str, Kind]]:
    for kind, low, high, start, stop in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            yield "".join(new[start:stop]), "same"
            continue
        if low < high:
            yield "".join(old[low:high]), "gone"
        if start < stop:
            yield "".join(new[start:stop]), "new"


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(text)


def _replaced(old: Sequence[str], new: Sequence[str]) -> tuple[Paragraph, ...]:
    gone = [Paragraph(((text, "gone"),)) for text in old if text]
    return (*gone, *(Paragraph(((text, "new"),)) for text in new if text))
