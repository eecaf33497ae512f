"""What can be told of two queries without an article: that every match of one is a match of the other.

What is said here is certain; where it is not clear, nothing is said. To decide it for all queries would take reading
every article there could be.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations

from monitor.rules.evaluate import covers
from monitor.rules.tree import And, Count, First, Has, In, Near, Node, Not, Or, Part, Term, is_placed


def implies(one: Node, other: Node) -> bool:
    """Whether every article that `one` matches is surely matched by `other`."""
    if one == other:
        return True
    if isinstance(one, Or):
        return all(implies(inner, other) for inner in one.nodes)
    if isinstance(other, And):
        return all(implies(one, inner) for inner in other.nodes)
    if isinstance(other, Or) and any(implies(one, inner) for inner in other.nodes):
        return True
    match one, other:
        case And(nodes), _:
            return any(implies(inner, other) for inner in nodes)
        case Not(inner), Not(outer):
            return implies(outer, inner)
        case Has(), Has():
            return one.field == other.field and other.is_open and one.value.startswith(other.value)
        case In(language, inner), In(wanted, outer):
            return language == wanted and implies(inner, outer)
        case In(_, inner), _:
            return implies(inner, other)
        case Count(inner, compare, number), Count(outer, wanted, least_or_most):
            return (
                inner == outer
                and _at_least(compare, number) >= _at_least(wanted, least_or_most)
                and _at_most(compare, number) <= _at_most(wanted, least_or_most)
            )
        case Count(inner, compare, number), _:
            return _at_least(compare, number) > 0 and implies(inner, other)
        case First(words, inner), First(more, outer):
            return words <= more and is_placed(inner) and is_placed(outer) and implies(inner, outer)
        case First(_, inner), _:
            # What is not there at the beginning may still come behind it.
            return is_placed(inner) and is_placed(other) and implies(inner, other)
        case Near(left, right, _, _), Near():
            return _near_implies(one, other)
        case Near(left, right), _:
            return implies(left, other) or implies(right, other)
        case Term(), Term():
            return _term_implies(one, other)
        case _:
            return False


def contradiction(node: Node) -> tuple[Node, Node] | None:
    """Two parts of a query of which no article can satisfy both, so that it never matches. None: none is seen."""
    match node:
        case Or(nodes):
            sides = [contradiction(inner) for inner in nodes]
            return sides[0] if all(sides) else None
        case And(nodes):
            parts = [part for inner in nodes for part in required(inner)]
            within = (found for part in parts if (found := contradiction(part)))
            pairs = filter(_exclude, combinations(parts, 2))
            return next(within, None) or next(pairs, None) or next(_against_all(parts), None)
        case Near(left, right):
            return contradiction(left) or contradiction(right)
        case First(node=inner) | In(node=inner):
            return contradiction(inner)
        case _:
            return None


def required(node: Node) -> Iterator[Node]:
    """What must all hold for a node to match, taken apart as far as it goes."""
    if isinstance(node, And):
        for inner in node.nodes:
            yield from required(inner)
    else:
        yield node


def _against_all(parts: list[Node]) -> Iterator[tuple[Node, Node]]:
    """What asks against that which the others ask for together."""
    for part in parts:
        others = And(tuple(other for other in parts if other is not part))
        if isinstance(part, Not) and others.nodes and implies(others, part.node):
            yield others, part


def _exclude(pair: tuple[Node, Node]) -> bool:
    """Whether no article satisfies both."""
    match pair:
        case (Not(inner), other) | (other, Not(inner)):
            return implies(other, inner)
        case Has("lang", one), Has("lang", other):
            return not covers(one, other)
        case Has("country" | "feed" as field, one, is_open), Has(same, other, other_is_open):
            return field == same and not (is_open or other_is_open) and one != other
        case Count(one_node, compare, number), Count(other_node, other_compare, other_number):
            least = max(_at_least(compare, number), _at_least(other_compare, other_number))
            most = min(_at_most(compare, number), _at_most(other_compare, other_number))
            return one_node == other_node and least > most
        case (Count(node, compare, number), other) | (other, Count(node, compare, number)):
            return _at_most(compare, number) <= 0 and implies(other, node)
        case _:
            return False


def _at_least(compare: str, number: int) -> int:
    return {">=": number, ">": number + 1, "=": number}.get(compare, 0)


def _at_most(compare: str, number: int) -> float:
    return {"<=": number, "<": number - 1, "=": number}.get(compare, float("inf"))


def _near_implies(one: Near, other: Near) -> bool:
    if isinstance(one.reach, int) and isinstance(other.reach, int):
        nearer = one.reach <= other.reach
    else:
        nearer = one.reach == other.reach
    if not nearer or (other.ordered and not one.ordered):
        return False
    as_written = _same_place(one.left, other.left) and _same_place(one.right, other.right)
    turned = not other.ordered and _same_place(one.left, other.right) and _same_place(one.right, other.left)
    return as_written or turned


def _same_place(one: Node, other: Node) -> bool:
    """Whether every place of one is a place of the other, word for word."""
    if one == other:
        return True
    if isinstance(one, Or):
        return all(_same_place(inner, other) for inner in one.nodes)
    if isinstance(other, Or):
        return any(_same_place(one, inner) for inner in other.nodes)
    if isinstance(one, Term) and isinstance(other, Term):
        return len(one.parts) == len(other.parts) and _term_implies(one, other)
    return False


def _term_implies(one: Term, other: Term) -> bool:
    """A phrase implies each part of itself, in its field or in one that takes it in."""
    if one.field != other.field and not (other.field is None and one.field in ("title", "text")):
        return False
    wanted = other.parts
    return any(
        all(map(_part_implies, one.parts[at : at + len(wanted)], wanted))
        for at in range(len(one.parts) - len(wanted) + 1)
    )


def _part_implies(one: Part, other: Part) -> bool:
    """Whether every word that is one is also the other."""
    if one == other:
        return True
    if (one.sign, one.before) != (other.sign, other.before) or one.stem is not None or other.stem is not None:
        return False
    if other.exact is not None:
        written = one.exact or ""
        return written.startswith(other.exact) if other.is_open else written == other.exact and not one.is_open
    if other.pattern is not None:
        return not one.is_open and re.fullmatch(other.pattern, one.letters) is not None
    return one.letters.startswith(other.letters) if other.is_open else one.letters == other.letters and not one.is_open
