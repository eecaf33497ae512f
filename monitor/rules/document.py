"""An article made ready to be searched: its words, where each stands, and what begins how."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

from monitor.model import Span
from monitor.text import fold_words, locate, written_words


class Part(NamedTuple):
    """One word of a term; an open one (`ukrain*`) stands for every word that begins with it."""

    letters: str  # folded
    is_open: bool = False

    def fits(self, word: str) -> bool:
        return word.startswith(self.letters) if self.is_open else word == self.letters


class Field:
    """One field of a document. What a search needs is worked out when the first search needs it."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self._written = written_words(text)
        self.words = fold_words(self._written)

    @cached_property
    def positions(self) -> dict[str, list[int]]:
        """Where each word stands, counted in words, ascending."""
        positions: dict[str, list[int]] = {}
        for position, word in enumerate(self.words):
            positions.setdefault(word, []).append(position)
        return positions

    @cached_property
    def vocabulary(self) -> list[str]:
        """Every word once, sorted."""
        return sorted(self.positions)

    def places(self, part: Part) -> Sequence[int]:
        """Where words stand that fit, ascending."""
        if not part.is_open:
            return self.positions.get(part.letters, ())
        places: list[int] = []
        for index in range(bisect_left(self.vocabulary, part.letters), len(self.vocabulary)):
            word = self.vocabulary[index]
            if not word.startswith(part.letters):
                break
            places += self.positions[word]
        return sorted(places)

    def phrases(self, parts: tuple[Part, ...]) -> list[tuple[int, int]]:
        """Where the parts stand in a row: (first word, one past the last), ascending."""
        if len(parts) == 1:
            return [(place, place + 1) for place in self.places(parts[0])]
        places = [self.places(part) for part in parts]
        rarest = min(range(len(parts)), key=lambda index: len(places[index]))
        found = []
        for place in places[rarest]:
            start, end = place - rarest, place - rarest + len(parts)
            if start >= 0 and end <= len(self.words):
                row = zip(parts, self.words[start:end], strict=True)
                if all(part.fits(word) for part, word in row):
                    found.append((start, end))
        return found

    @cached_property
    def _spans(self) -> list[tuple[int, int]]:
        return locate(self._written, self.text)

    def span(self, first: int, last: int) -> Span:
        """The words from first to one before last as a span of the text."""
        return Span(field=self.name, start=self._spans[first][0], end=self._spans[last - 1][1])


class Document:
    """The title and text of one article. Build it once, match all rules against it."""

    def __init__(self, title: Field, text: Field) -> None:
        self.fields = (title, text)
        self.words = frozenset(title.words).union(text.words)  # of both fields

    @classmethod
    def of(cls, title: str, text: str) -> Document:
        """A document of plain text, as `monitor.text` leaves it."""
        return cls(Field("title", title), Field("text", text))

    @property
    def title(self) -> str:
        return self.fields[0].text

    @property
    def text(self) -> str:
        return self.fields[1].text
