"""What a rule's tree finds by a slow and plain reading: no index, no shortcut, every place held against every other."""

from __future__ import annotations

import operator
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import NamedTuple

from monitor.model import Outlet
from monitor.rules.stemming import stem_keys
from monitor.rules.tree import And, Count, First, Has, In, Near, Node, Not, Or, Part, Regex, Term, is_placed

Place = tuple[int, int, int]  # title (0) or text (1), first word, one past the last

_COMPARED = {">=": operator.ge, ">": operator.gt, "=": operator.eq, "<=": operator.le, "<": operator.lt}


class Word(NamedTuple):
    """A word of a text, as whoever wrote the text knows it."""

    written: str
    folded: str
    sentence: int = 0
    paragraph: int = 0
    end: int = 0  # one past its last code point in the text
    sign: str = ""  # behind it
    before: str = ""


@dataclass(frozen=True, kw_only=True)
class Plain:
    """An article as lists of words."""

    texts: tuple[str, str]  # title and text
    words: tuple[Sequence[Word], Sequence[Word]]
    others: Mapping[str, Sequence[str]] = field(default_factory=dict)  # author, link, source: their folded words
    outlet: Outlet
    categories: tuple[str, ...] = ()
    language: str = "und"

    def first(self, number: int) -> Plain:
        """The article without the words of the text after so many."""
        title, text = self.words
        if len(text) <= number:
            return self
        end = text[number - 1].end
        return replace(self, texts=(self.texts[0], self.texts[1][:end]), words=(title, text[:number]))

    def matches(self, node: Node) -> bool:
        """Whether a tree matches."""
        match node:
            case Term(parts, "author" | "link" | "source" as name):
                rows = self.others.get(name, ())
                letters = [part.letters for part in parts]
                return any(list(rows[at : at + len(letters)]) == letters for at in range(len(rows)))
            case And(nodes):
                return all(map(self.matches, nodes))
            case Or(nodes):
                return any(map(self.matches, nodes))
            case Not(inner):
                return not self.matches(inner)
            case Has("lang", value):
                return self.language.split("-")[0] == value
            case Has("country", value):
                return (self.outlet.country or "").lower() == value
            case Has("tag", value, is_open):
                tags = [tag.lower() for tag in (*self.outlet.tags, *self.categories)]
                return any(tag.startswith(value) if is_open else tag == value for tag in tags)
            case Has("feed", value, is_open):
                return self.outlet.feed.startswith(value) if is_open else self.outlet.feed == value
            case Regex(source, ignore_case):
                found = [re.search(source, text, re.IGNORECASE if ignore_case else 0) for text in self.texts]
                return any(found)
            case First(words, inner):
                return self.first(words).matches(inner)
            case Count(inner, compare, number):
                return _COMPARED[compare](most_apart(self.places(inner)), number)
            case In(language, inner) if not is_placed(node):
                return self.speaks(language) and self.matches(inner)
            case _:
                return bool(self.places(node))

    def places(self, node: Node) -> set[Place]:
        """Where a placed node stands."""
        match node:
            case Term(parts, name):
                return {
                    (number, start, start + len(parts))
                    for number, words in enumerate(self.words)
                    if name in (None, ("title", "text")[number])
                    for start in range(len(words) - len(parts) + 1)
                    if all(self.fits(part, words[start + index]) for index, part in enumerate(parts))
                }
            case Or(nodes):
                return {place for inner in nodes for place in self.places(inner)}
            case In(language, inner):
                return self.places(inner) if self.speaks(language) else set()
            case Near(left, right):
                pairs = product(self.places(left), self.places(right))
                return {(a[0], min(a[1], b[1]), max(a[2], b[2])) for a, b in pairs if self.near(node, a, b)}
        raise AssertionError

    def fits(self, part: Part, word: Word) -> bool:
        """Whether a word is what a part asks for."""
        if part.stem is not None:
            stems = stem_keys(word.written.lower().replace("’", "'"), self.language)
            fits = not stem_keys(part.stem, self.language).isdisjoint(stems)
        elif part.pattern is not None:
            with_one = word.written.lower().replace("œ", "o").replace("ß", "s")
            fits = any(re.fullmatch(part.pattern, form) for form in (word.folded, with_one))
        else:
            fits = word.folded.startswith(part.letters) if part.is_open else word.folded == part.letters
        if part.exact is not None:
            written = word.written.replace("’", "'")
            fits = fits and (written.startswith(part.exact) if part.is_open else written == part.exact)
        if part.sign or part.before:
            return fits and part.sign in ("", word.sign) and part.before in ("", word.before)
        return fits and (part.is_open or len(part.letters) > 1 or word.sign not in ("++", "#"))

    def near(self, node: Near, a: Place, b: Place) -> bool:
        """Whether two places are as near as a NEAR or BEFORE asks."""
        first, second = (a, b) if node.ordered or a[1] <= b[1] else (b, a)
        if first[0] != second[0] or first[2] > second[1]:
            return False
        if isinstance(node.reach, int):
            return second[1] - first[2] <= node.reach
        words = [self.words[a[0]][place] for place in (first[1], first[2] - 1, second[1], second[2] - 1)]
        return len({word.sentence if node.reach == "s" else word.paragraph for word in words}) == 1

    def speaks(self, language: str) -> bool:
        """Whether the article is in a language, or may be."""
        return self.language.split("-")[0] in (language, "und")


def most_apart(found: set[Place]) -> int:
    """The largest number of places of which no two overlap, by trying, last end first."""
    ordered = sorted(found, key=lambda place: (place[0], place[2]))
    best = [0] * (len(ordered) + 1)
    for index, place in enumerate(ordered):
        fitting = [best[k + 1] for k in range(index) if ordered[k][0] != place[0] or ordered[k][2] <= place[1]]
        best[index + 1] = max(best[index], 1 + max(fitting, default=0))
    return best[-1]
