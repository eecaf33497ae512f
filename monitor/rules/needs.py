"""What a document must hold for a rule to match it, and all rules looked up by it.

Rules are not tried one after the other. Each is filed under the rarest thing that it cannot do without, and of those an
article has only the ones are tried whose other needs it meets, too. Whoever has ten thousand rules pays for the dozens
that may match. The idea is the percolator's: to index the questions instead of the documents.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from math import prod
from typing import NamedTuple

from monitor.rules.document import Document
from monitor.rules.gates import decisive, frequency_of, least_of, may_reach
from monitor.rules.stemming import stem_keys
from monitor.rules.tree import And, Count, First, Has, In, Near, Node, Not, Or, Part, Regex, Term

# `word`, `title:word`, `beginning*`, `~word` for its stem, two or three words in a row. Words hold none of these signs.
Key = str | tuple[str, ...]
Clause = frozenset[Key]  # one of these
_TITLE = "title:"
_LONGEST_ROW = 3  # words; of a longer phrase, all rows of three


class Weighed(NamedTuple):
    """Weights of which enough must come together."""

    weights: tuple[tuple[Clause | None, float], ...]  # positive ones, at most so much; None: whatever the text holds
    threshold: float

    def is_reached(self, present: set[Key]) -> bool:
        """Whether what a document holds may be enough."""
        most = sum(weight for clause, weight in self.weights if clause is None or not clause.isdisjoint(present))
        return may_reach(most, self.threshold)


@dataclass(frozen=True, slots=True)
class Needs:
    """What a document must hold for a rule to match it; a document that has it all may still not match."""

    every: frozenset[Key] = frozenset()
    one_of_each: tuple[Clause, ...] = ()
    weighed: Weighed | None = None

    @property
    def rarest(self) -> Clause:
        """What the fewest documents can be expected to hold one of. Empty: nothing to look for."""
        clauses = [frozenset([key]) for key in self.every]
        clauses += self.one_of_each
        if self.weighed is not None:
            clauses += _without_which(self.weighed)
        return min(clauses, key=_frequency, default=frozenset())

    def met_by(self, present: set[Key]) -> bool:
        """Whether a document that holds this has all of it."""
        if not self.every <= present:
            return False
        for clause in self.one_of_each:
            if clause.isdisjoint(present):
                return False
        return self.weighed is None or self.weighed.is_reached(present)


def needs_of(query: Node | None, scores: Iterable[tuple[Node, float]] = (), threshold: float | None = None) -> Needs:
    """What a rule needs: what its query does, and scores that come to the threshold (None: none has to)."""
    clauses = [] if query is None else _clauses(query)
    singles = frozenset(key for clause in clauses if len(clause) == 1 for key in clause)
    others = tuple(dict.fromkeys(clause for clause in clauses if len(clause) > 1 and clause.isdisjoint(singles)))
    weighed = None
    if threshold is not None:
        weighed = Weighed(tuple((_rarest(node), weight) for node, weight in scores if weight > 0), threshold)
    return Needs(singles, others, weighed)


def _rarest(node: Node) -> Clause | None:
    clauses = _clauses(node)
    return clauses[0] if len(clauses) == 1 else min(clauses, key=_frequency, default=None)


def _clauses(node: Node) -> list[Clause]:
    """What must all be there. Empty: nothing that could be looked up."""
    match node:
        case Term(field="author" | "link" | "source") | Has() | Regex() | Not():
            return []
        case Term(parts):
            keys: list[Key] = [_key(part) for part in parts]
            if len(keys) == 1 and node.field is None:
                return [frozenset(keys)]
            length = min(len(parts), _LONGEST_ROW)
            rows = (parts[start : start + length] for start in range(len(parts) - length + 1))
            keys += [tuple([part.letters for part in row]) for row in rows if all(map(_is_whole, row))]
            if node.field == "title":
                keys += [_TITLE + part.letters for part in parts if _is_whole(part)]
            return [frozenset([key]) for key in keys]
        case Near(left, right):
            return _clauses(left) + _clauses(right)
        case And(nodes):
            return [clause for inner in nodes for clause in _clauses(inner)]
        case Or(nodes):
            sides = [_rarest(inner) for inner in nodes]
            known = [side for side in sides if side is not None]
            return [frozenset(chain.from_iterable(known))] if len(known) == len(sides) else []
        case Count(inner, compare, number):
            return _clauses(inner) if least_of(compare, number) > 0 else []
        case First(_, inner) | In(_, inner):
            return _clauses(inner)


def _is_whole(part: Part) -> bool:
    return not part.is_open and part.stem is None


def _key(part: Part) -> Key:
    if part.stem is not None:
        return f"~{part.stem}"
    return f"{part.letters}*" if part.is_open else part.letters


def _without_which(weighed: Weighed) -> list[Clause]:
    """The rarest of the weights without which the threshold is not reached, as one clause."""
    by_rarity = sorted(weighed.weights, key=lambda pair: float("inf") if pair[0] is None else _frequency(pair[0]))
    number = decisive([weight for _, weight in by_rarity], weighed.threshold)
    clauses = [clause for clause, _ in by_rarity[:number] if clause is not None]
    return [frozenset(chain.from_iterable(clauses))] if number and len(clauses) == number else []


def _frequency(clause: Clause) -> float:
    return sum(map(_frequency_of, clause))


def _frequency_of(key: Key) -> float:
    if isinstance(key, tuple):
        return prod(frequency_of(len(word)) for word in key)
    if key.startswith(_TITLE):
        return frequency_of(len(key) - len(_TITLE)) / 16
    return frequency_of(len(key.strip("~*")), is_open=key.endswith("*"), is_stem=key.startswith("~"))


class Lookup:
    """Needs by number, filed under the rarest thing that each cannot do without."""

    def __init__(self, needs: Sequence[Needs]) -> None:
        self._anyway: list[int] = []  # nothing to look for
        self._filed: dict[Key, list[tuple[int, Needs]]] = {}
        keys: set[Key] = set()
        for number, each in enumerate(needs):
            rarest = each.rarest
            keys.update(each.every, *each.one_of_each)
            if each.weighed is not None:
                keys.update(*(clause for clause, _ in each.weighed.weights if clause is not None))
            for key in rarest:
                self._filed.setdefault(key, []).append((number, each))
            if not rarest:
                self._anyway.append(number)
        words = {key for key in keys if isinstance(key, str)}
        rows: dict[int, set[tuple[str, ...]]] = {}
        for key in keys:
            if isinstance(key, tuple):
                rows.setdefault(len(key), set()).add(key)
        self._rows = [(length, some, {max(row, key=len) for row in some}) for length, some in rows.items()]
        self._beginnings: dict[str, list[str]] = {}  # by their first three letters, or two
        for key in words:
            if key.endswith("*"):
                self._beginnings.setdefault(key[:-1][:3], []).append(key[:-1])
        self._starts = {letters[:2] for letters in self._beginnings}
        self._stemmed = [key for key in words if key.startswith("~")]
        self._by_stem: dict[str, dict[str, list[str]]] = {}  # by language; made when the first document of it comes
        self._titles = frozenset(key for key in words if key.startswith(_TITLE))
        self._words = frozenset(key for key in words if not (key.endswith("*") or key.startswith(("~", _TITLE))))

    def may_match(self, document: Document) -> list[int]:
        """The numbers of all whose needs the document meets, ascending."""
        present = self._present(document)
        found = set(self._anyway)
        for key in present & self._filed.keys():
            found.update([number for number, needs in self._filed[key] if needs.met_by(present)])
        return sorted(found)

    def _present(self, document: Document) -> set[Key]:
        present: set[Key] = set(self._words & document.words)
        for length, rows, rarest in self._rows:
            if not rarest.isdisjoint(document.words):
                for field in document.fields:
                    present |= rows.intersection(zip(*(field.words[start:] for start in range(length)), strict=False))
        if self._titles:
            present.update(self._titles.intersection([_TITLE + word for word in document.fields[0].words]))
        some, starts = self._beginnings, self._starts
        for word in [word for word in document.words if word[:2] in starts]:
            letters = (*some.get(word[:3], ()), *some.get(word[:2], ()))
            present.update([f"{each}*" for each in letters if word.startswith(each)])
        if self._stemmed:
            stems = self._stems(document.language)
            present.update(key for stem in stems.keys() & document.stems for key in stems[stem])
        return present

    def _stems(self, language: str) -> dict[str, list[str]]:
        if language not in self._by_stem:
            stems: dict[str, list[str]] = {}
            for key in self._stemmed:
                for stem in stem_keys(key[1:], language):
                    stems.setdefault(stem, []).append(key)
            self._by_stem[language] = stems
        return self._by_stem[language]
