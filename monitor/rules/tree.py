"""The tree of a compiled query: what each node finds in a document, and its gate.

A gate is a set of words (or beginnings of words) of which at least one is present in every document the node matches.
Rules are looked up by their gates, so an article is held only against the rules that have a chance.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass

from monitor.rules.document import Document, Part

Hit = tuple[int, int, int]  # field (0 title, 1 text), first word, one past the last word
Gate = frozenset[Part]


@dataclass(frozen=True, slots=True)
class Term:
    """A word, or several in a row."""

    parts: tuple[Part, ...]
    title_only: bool = False

    def hits(self, document: Document) -> list[Hit] | None:
        """Every place the term stands; None when there is none."""
        for part in self.parts:
            if not part.is_open and part.letters not in document.words:
                return None
        fields = document.fields[:1] if self.title_only else document.fields
        found = [(number, *place) for number, field in enumerate(fields) for place in field.phrases(self.parts)]
        return found or None

    def gate(self) -> Gate:
        return frozenset([min(self.parts, key=_frequency)])


@dataclass(frozen=True, slots=True)
class Near:
    """One of `left` and one of `right` in one field, in either order, with at most `distance` words between them."""

    left: tuple[Term, ...]
    right: tuple[Term, ...]
    distance: int

    def hits(self, document: Document) -> list[Hit] | None:
        """Both sides of every pair that is near enough; None when there is none."""
        lefts = _any_of(self.left, document)
        rights = _any_of(self.right, document) if lefts else []
        found = _beside(lefts, rights, self.distance) + _beside(rights, lefts, self.distance)
        return found or None

    def gate(self) -> Gate:
        return min((_any_gate(self.left), _any_gate(self.right)), key=_gate_frequency)


@dataclass(frozen=True, slots=True)
class And:
    nodes: tuple[Node, ...]

    def hits(self, document: Document) -> list[Hit] | None:
        """What every node finds; None when one of them does not match."""
        found: list[Hit] = []
        for node in self.nodes:
            hits = node.hits(document)
            if hits is None:
                return None
            found += hits
        return found

    def gate(self) -> Gate | None:
        gates = [gate for node in self.nodes if (gate := node.gate()) is not None]
        return min(gates, key=_gate_frequency, default=None)


@dataclass(frozen=True, slots=True)
class Or:
    nodes: tuple[Node, ...]

    def hits(self, document: Document) -> list[Hit] | None:
        """What the nodes that match find; None when none of them does."""
        found = [hits for node in self.nodes if (hits := node.hits(document)) is not None]
        return [hit for hits in found for hit in hits] if found else None

    def gate(self) -> Gate | None:
        return _union(node.gate() for node in self.nodes)


@dataclass(frozen=True, slots=True)
class Not:
    node: Node

    def hits(self, document: Document) -> list[Hit] | None:
        """Nothing found when the node does not match; None when it does."""
        return [] if self.node.hits(document) is None else None

    def gate(self) -> None:
        """None: a document without any of its words matches, too."""


Node = Term | Near | And | Or | Not


def _any_of(terms: tuple[Term, ...], document: Document) -> list[Hit]:
    return sorted({hit for term in terms for hit in term.hits(document) or ()})


def _beside(hits: list[Hit], others: list[Hit], distance: int) -> list[Hit]:
    """The hits that have one of the others before or behind them, at most `distance` words away and not overlapping."""
    beginnings = [(field, start) for field, start, _ in others]
    ends = sorted((field, end) for field, _, end in others)
    return [
        hit
        for hit in hits
        if _within(beginnings, hit[0], hit[2], hit[2] + distance) or _within(ends, hit[0], hit[1] - distance, hit[1])
    ]


def _within(places: list[tuple[int, int]], field: int, low: int, high: int) -> bool:
    """Whether one of the sorted places lies in the field between low and high, both included."""
    index = bisect_left(places, (field, low))
    return index < len(places) and places[index] <= (field, high)


def _any_gate(terms: tuple[Term, ...]) -> Gate:
    return frozenset().union(*(term.gate() for term in terms))


def _union(gates: Iterable[Gate | None]) -> Gate | None:
    union: Gate = frozenset()
    for gate in gates:
        if gate is None:
            return None
        union |= gate
    return union


def _frequency(part: Part) -> float:
    """How often a word is to be expected, on no scale: short words and open ones often."""
    return (8.0 if part.is_open else 1.0) / len(part.letters) ** 3


def _gate_frequency(gate: Gate) -> float:
    return sum(map(_frequency, gate))
