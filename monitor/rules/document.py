"""An article made ready to be searched: the words of its fields, where each stands, and what begins how."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property, lru_cache

from monitor.model import Article, Outlet, Span
from monitor.rules.stemming import stem_keys
from monitor.rules.tree import Part
from monitor.rules.words import (
    exact_form,
    fold_words,
    locate,
    sentence_starts,
    sign_after,
    sign_before,
    stem_form,
    written_words,
)
from monitor.text import fold

_SEARCHED = ("title", "text")
_compiled = lru_cache(maxsize=10_000)(re.compile)


class Field:
    """One field of a document. What a search needs is worked out when the first search needs it."""

    def __init__(self, name: str, text: str, language: str = "und") -> None:
        self.name = name
        self.text = text
        self.language = language
        self._written = written_words(text)
        self.words = fold_words(self._written)

    def first(self, number: int) -> Field:
        """The field without the words after so many."""
        if len(self.words) <= number:
            return self
        field = Field.__new__(Field)
        field.name, field.language = self.name, self.language
        field.text = self.text[: self._spans[number][0]] if number else ""  # with the sign at the last word: C++
        field._written, field.words = self._written[:number], self.words[:number]
        return field

    @cached_property
    def line(self) -> str:
        """The text on one line, code point by code point."""
        return self.text.replace("\n", " ")

    @cached_property
    def positions(self) -> dict[str, list[int]]:
        """Where each word stands, counted in words, ascending."""
        return _grouped(self.words)

    @cached_property
    def vocabulary(self) -> list[str]:
        """Every word once, sorted."""
        return sorted(self.positions)

    @cached_property
    def stems(self) -> dict[str, list[int]]:
        """Where the words of each stem stand, ascending."""
        stems: dict[str, list[int]] = {}
        for word, places in _grouped(self._written).items():
            for key in stem_keys(stem_form(word), self.language):
                stems.setdefault(key, []).extend(places)
        return {key: sorted(places) for key, places in stems.items()}

    def places(self, part: Part) -> Sequence[int]:
        """Where words stand that fit, ascending."""
        places = self._candidates(part)
        if part.exact is not None and places:
            places = [place for place in places if _is_written(self._written[place], part)]
        if places and (part.sign or part.before or len(part.letters) == 1):
            places = [place for place in places if self._has_signs(place, part)]
        return places

    def fits(self, part: Part, place: int) -> bool:
        """Whether the word at a place fits."""
        word = self.words[place]
        if part.stem is not None:
            fits = not stem_keys(part.stem, self.language).isdisjoint(
                stem_keys(stem_form(self._written[place]), self.language)
            )
        elif part.is_open:
            fits = word.startswith(part.letters) and (part.pattern is None or self._has_pattern(place, part.pattern))
        else:
            fits = word == part.letters
        if fits and part.exact is not None:
            fits = _is_written(self._written[place], part)
        if fits and (part.sign or part.before or len(part.letters) == 1):
            fits = self._has_signs(place, part)
        return fits

    def _candidates(self, part: Part) -> Sequence[int]:
        if part.stem is not None:
            keys = stem_keys(part.stem, self.language)
            return sorted({place for key in keys for place in self.stems.get(key, ())})
        if not part.is_open:
            return self.positions.get(part.letters, ())
        vocabulary, letters = self.vocabulary, part.letters
        first = last = bisect_left(vocabulary, letters)
        while last < len(vocabulary) and vocabulary[last].startswith(letters):
            last += 1
        if first == last:
            return ()
        found = sorted([place for word in vocabulary[first:last] for place in self.positions[word]])
        return found if part.pattern is None else [place for place in found if self._has_pattern(place, part.pattern)]

    def _has_pattern(self, place: int, pattern: str) -> bool:
        """Whether a word has a pattern, for which a letter that folds to two is one, too: c?ur finds cœur."""
        word, matches = self.words[place], _compiled(pattern).fullmatch
        if matches(word) is not None:
            return True
        written = self._written[place]
        return not written.isascii() and matches(fold(written.translate(_AS_ONE))) is not None

    def _has_signs(self, place: int, part: Part) -> bool:
        start, end = self._spans[place]
        if part.before and sign_before(self.text, start) != part.before:
            return False
        sign = sign_after(self.text, end)
        if part.sign:
            return sign == part.sign
        return part.is_open or len(part.letters) > 1 or sign not in _OF_A_LETTER

    def phrases(self, parts: tuple[Part, ...]) -> list[tuple[int, int]]:
        """Where the parts stand in a row: (first word, one past the last), ascending."""
        if len(parts) == 1:
            return [(place, place + 1) for place in self.places(parts[0])]
        rarest, places = 0, self.places(parts[0])
        for index, part in enumerate(parts[1:], 1):
            if not places:
                return []
            others = self.places(part)
            if len(others) < len(places):
                rarest, places = index, others
        found = []
        for place in places:
            start, end = place - rarest, place - rarest + len(parts)
            if start >= 0 and end <= len(self.words) and all(map(self.fits, parts, range(start, end))):
                found.append((start, end))
        return found

    @cached_property
    def _spans(self) -> list[tuple[int, int]]:
        return locate(self._written, self.text)

    def span(self, first: int, last: int, sign: str = "", before: str = "") -> Span:
        """The words from first to one before last, with the signs around them, as a span of the text."""
        end = self._spans[last - 1][1]
        if sign:
            end = self.text.index(sign[0] if sign != "°" else self.text[end], end) + len(sign)
        return Span(field=self.name, start=self._spans[first][0] - len(before), end=end)

    @cached_property
    def _sentences(self) -> list[int]:
        return self._first_words(sentence_starts(self.text))

    @cached_property
    def _paragraphs(self) -> list[int]:
        return self._first_words([0, *(match.end() for match in re.finditer("\n", self.text))])

    def _first_words(self, offsets: Iterable[int]) -> list[int]:
        """The first words at or behind some offsets."""
        starts = [start for start, _ in self._spans]
        return [bisect_left(starts, offset) for offset in offsets]

    def sentence(self, place: int) -> int:
        """The number of the sentence that the word at a place stands in."""
        return bisect_right(self._sentences, place)

    def paragraph(self, place: int) -> int:
        """The number of the paragraph that the word at a place stands in."""
        return bisect_right(self._paragraphs, place)


_AS_ONE = str.maketrans("œŒæÆßẞ", "oOaAsS")
_OF_A_LETTER = ("++", "#")  # C++, C#, F#: not the letter


class Document:
    """An article. Build it once, match all rules against it."""

    def __init__(
        self,
        fields: tuple[Field, Field],
        others: Callable[[str], Field],
        *,
        outlet: Outlet,
        categories: Sequence[str],
        language: str,
    ) -> None:
        self.fields = fields  # title and text
        self.words = frozenset(fields[0].words).union(fields[1].words)  # of both
        self.outlet = outlet
        self.categories = categories
        self.language = language
        self._others = others
        self._firsts: dict[int, Document] = {}

    @classmethod
    def of(
        cls,
        title: str,
        text: str,
        *,
        author: str = "",
        link: str = "",
        outlet: Outlet | None = None,
        categories: Sequence[str] = (),
        language: str = "und",
    ) -> Document:
        """A document of plain text, as `monitor.text` leaves it. `author` and `link` are empty where unknown."""
        outlet = outlet or Outlet(feed="")
        others = {"author": author, "link": link, "source": f"{outlet.title or ''}\n{_host(link)}"}
        known: dict[str, Field] = {}

        def other(name: str) -> Field:
            if name not in known:
                known[name] = Field(name, others[name], language)
            return known[name]

        return cls(
            (Field("title", title, language), Field("text", text, language)),
            other,
            outlet=outlet,
            categories=categories,
            language=language,
        )

    @property
    def title(self) -> str:
        return self.fields[0].text

    @property
    def text(self) -> str:
        return self.fields[1].text

    def field(self, name: str) -> Field:
        """A field by name."""
        return self.fields[_SEARCHED.index(name)] if name in _SEARCHED else self._others(name)

    def first(self, words: int) -> Document:
        """The document without the words of the text after so many."""
        if words not in self._firsts:
            self._firsts[words] = Document(
                (self.fields[0], self.fields[1].first(words)),
                self._others,
                outlet=self.outlet,
                categories=self.categories,
                language=self.language,
            )
        return self._firsts[words]

    def values(self, name: str) -> frozenset[str]:
        """What is known under `feed`, `tag` or `country`, folded."""
        match name:
            case "feed":
                return frozenset([fold(self.outlet.feed)])
            case "tag":
                return frozenset(map(fold, (*self.outlet.tags, *self.categories)))
            case _:
                return frozenset([fold(self.outlet.country)] if self.outlet.country else ())

    @cached_property
    def stems(self) -> frozenset[str]:
        """The stems of all words of title and text."""
        return frozenset(self.fields[0].stems).union(self.fields[1].stems)


def document_of(article: Article, outlet: Outlet, language: str) -> Document:
    """An article of a feed as a document."""
    return Document.of(
        article.title,
        article.text,
        author="\n".join(article.authors),
        link=article.link or "",
        outlet=outlet,
        categories=article.categories,
        language=language,
    )


def _grouped(words: Iterable[str]) -> dict[str, list[int]]:
    positions: dict[str, list[int]] = {}
    for position, word in enumerate(words):
        positions.setdefault(word, []).append(position)
    return positions


def _is_written(written: str, part: Part) -> bool:
    word = exact_form(written)
    return word.startswith(part.exact or "") if part.is_open else word == part.exact


def _host(link: str) -> str:
    return link.partition("://")[2].partition("/")[0].rpartition("@")[2].partition(":")[0]
