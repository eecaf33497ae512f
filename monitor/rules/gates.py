"""What a document must hold for a query to match it: its gate.

A gate is a set of words, beginnings of words and stems, of which at least one is present in every document that the
query matches. A search asks the full-text index for it; `needs` says more exactly what a rule cannot do without.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate

from monitor.rules.tree import And, Compare, Count, First, Has, In, Near, Node, Not, Or, Part, Regex, Term

Gate = frozenset[Part]
_ROUNDING = 1e-9  # of sums of decimals, in proportion
OPEN: Gate = frozenset()  # something must be present, but no word that could be looked up


def gate(node: Node) -> Gate | None:
    """The gate of a query. `OPEN`: any document may match. None: what matches need not hold anything at all."""
    match node:
        case Term(field="author" | "link" | "source"):
            return OPEN
        case Term(parts):
            return frozenset([parts[0] if len(parts) == 1 else min(parts, key=_frequency)])
        case Has() | Regex():
            return OPEN
        case Near(left, right):
            return narrowest([gate(left), gate(right)])
        case And(nodes):
            return narrowest([gate(inner) for inner in nodes])
        case Or(nodes):
            return any_of(gate(inner) for inner in nodes)
        case Not():
            return None
        case Count(inner, compare, number):
            return gate(inner) if least_of(compare, number) > 0 else None
        case First(_, inner) | In(_, inner):
            return gate(inner)


def asks(node: Node) -> bool:
    """Whether what matches must hold anything: whether `gate` is not None."""
    match node:
        case And(nodes):
            return any(map(asks, nodes))
        case Or(nodes):
            return all(map(asks, nodes))
        case Not():
            return False
        case Count(inner, compare, number):
            return least_of(compare, number) > 0 and asks(inner)
        case First(_, inner) | In(_, inner):
            return asks(inner)
        case _:
            return True


def least_of(compare: Compare, number: int) -> int:
    """How often something must stand there at least."""
    return {">=": number, ">": number + 1, "=": number, "<=": 0, "<": 0}[compare]


def narrowest(gates: Iterable[Gate | None]) -> Gate | None:
    """Of gates that must all be passed the one that the fewest documents pass."""
    known = [some for some in gates if some is not None]
    return min(known, key=frequency, default=None)


def any_of(gates: Iterable[Gate | None]) -> Gate | None:
    """The gate of documents that pass one of several."""
    union: set[Part] = set()
    is_open = False
    for some in gates:
        if some is None:
            return None
        is_open = is_open or not some
        union |= some
    return OPEN if is_open else frozenset(union)


def of_scores(scores: Sequence[tuple[Node, float]], threshold: float) -> Gate | None:
    """The gate of documents whose weights reach a threshold: without the rarest terms they could not."""
    positive = [(gate(node), weight) for node, weight in scores if weight > 0]
    positive.sort(key=lambda pair: float("inf") if pair[0] is None else frequency(pair[0]))
    needed = decisive([weight for _, weight in positive], threshold)
    return None if needed is None else any_of(some for some, _ in positive[:needed])


def decisive(weights: Sequence[float], threshold: float) -> int | None:
    """How many of the weights, from the first one on, must be left out until the rest cannot reach a threshold.

    None: however many, for it is reached without any.
    """
    rests = list(accumulate(reversed(weights), initial=0.0))  # the last one alone, the last two, …
    return next((number for number, rest in enumerate(reversed(rests)) if not may_reach(rest, threshold)), None)


def reaches(total: float, threshold: float) -> bool:
    """Whether weights come to a threshold, as people reckon: 0.7 + 0.1 + 0.3 is 1.1."""
    return total >= threshold - _ROUNDING * max(1.0, abs(threshold))


def may_reach(most: float, threshold: float) -> bool:
    """Whether what comes to so much at most may reach a threshold, in whatever order it is added up."""
    return most >= threshold - 2 * _ROUNDING * max(1.0, abs(threshold))


def frequency(some: Gate) -> float:
    """How many documents are to be expected to pass, on no scale."""
    return sum(map(_frequency, some)) if some else float("inf")


def _frequency(part: Part) -> float:
    return frequency_of(len(part.letters), is_open=part.is_open, is_stem=part.stem is not None)


def frequency_of(letters: int, *, is_open: bool = False, is_stem: bool = False) -> float:
    """How often a word of so many letters is to be expected, on no scale: short words and open ones often."""
    return (8.0 if is_open else 4.0 if is_stem else 1.0) / letters**3
