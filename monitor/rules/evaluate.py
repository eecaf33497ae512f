"""What a query's tree finds in a document."""

from __future__ import annotations

import operator
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from monitor.model import Span
from monitor.rules.document import Document
from monitor.rules.regexes import compiled
from monitor.rules.tree import And, Count, First, Has, In, Near, Node, Not, Or, Reach, Regex, Term

# A pair of words that both stand in every sentence has millions of stretches in a long text.
MAX_STRETCHES = 10_000
_MAX_REGEX_HITS = 1_000


class Hit(NamedTuple):
    """Words of title (0) or text (1) that were found."""

    field: int
    start: int  # the first word
    end: int  # one past the last word
    sign: str = ""  # what belongs to it behind its last word
    before: str = ""  # and before its first


Found = list[Hit | Span]


def hits(node: Node, document: Document) -> Found | None:
    """What a node finds, to be marked for a reader, in no order. None: it does not match."""
    match node:
        case Term(field="author" | "link" | "source" as name, parts=parts):
            return [] if document.field(name).phrases(parts) else None
        case Term():
            return list(_term(node, document)) or None
        case Near():
            return _near(node, document)
        case And(nodes):
            return _all(nodes, document)
        case Or(nodes):
            words = document.words
            found = [
                some
                for inner in nodes  # an alias has dozens, of which an article holds one
                if not (isinstance(inner, Term) and inner.rarest is not None and inner.rarest not in words)
                and (some := hits(inner, document)) is not None
            ]
            return [hit for some in found for hit in some] if found else None
        case Not(inner):
            return [] if hits(inner, document) is None else None
        case Has():
            return [] if _has(node, document) else None
        case Regex(source, ignore_case):
            return _matches(compiled(source, ignore_case), document)
        case Count(inner, compare, number):
            number_found = len(apart(places(inner, document)))
            return (hits(inner, document) or []) if _COMPARED[compare](number_found, number) else None
        case First(words, inner):
            return hits(inner, document.first(words))
        case In(language, inner):
            return hits(inner, document) if speaks(document, language) else None


def places(node: Node, document: Document) -> list[Hit]:
    """Where a placed node stands in title and text, ascending; of a Near, each stretch from one side to the other."""
    match node:
        case Term():
            return _term(node, document)
        case Near():
            stretches = (_stretch(left, right) for left, right in _pairs(node, document))
            return sorted(set(islice(stretches, MAX_STRETCHES)))
        case Or(nodes):
            return sorted({place for inner in nodes for place in places(inner, document)})
        case In(language, inner):
            return places(inner, document) if speaks(document, language) else []
        case _:
            raise AssertionError("only what is placed has places")


def covers(wanted: str, language: str) -> bool:
    """Whether a BCP 47 tag wants a language: `fr` takes `fr-FR`, and `fr-FR` takes a `fr` of unknown country."""
    wanted, language = wanted.lower() + "-", language.lower() + "-"
    return language.startswith(wanted) or wanted.startswith(language)


def speaks(document: Document, language: str) -> bool:
    """Whether a document is in a language, or may be."""
    return document.language == "und" or covers(language, document.language)


# ── the kinds of nodes ───────────────────────────────────────────────────────────────────────────────────────────────


_NUMBERS = {None: (0, 1), "title": (0,), "text": (1,)}


def _term(term: Term, document: Document) -> list[Hit]:
    word = term.rarest
    if word is not None and word not in document.words:
        return []
    numbers, fields = _NUMBERS[term.field], document.fields
    if term.is_simple and word is not None:
        if len(term.parts) == 1:
            return [Hit(number, at, at + 1) for number in numbers for at in fields[number].positions.get(word, ())]
        row = tuple([part.letters for part in term.parts])
        ahead, length = row.index(word), len(row)
        return [
            Hit(number, at - ahead, at - ahead + length)
            for number in numbers
            for at in fields[number].positions.get(word, ())
            if at >= ahead and fields[number].words[at - ahead : at - ahead + length] == row
        ]
    sign, before = term.parts[-1].sign, term.parts[0].before
    return [
        Hit(number, start, end, sign, before) for number in numbers for start, end in fields[number].phrases(term.parts)
    ]


def _all(nodes: Sequence[Node], document: Document) -> Found | None:
    found: Found = []
    for node in nodes:
        some = hits(node, document)
        if some is None:
            return None
        found += some
    return found


def _has(node: Has, document: Document) -> bool:
    if node.field == "lang":
        return node.value == document.language or (document.language != "und" and covers(node.value, document.language))
    values = document.values(node.field)
    return any(value.startswith(node.value) for value in values) if node.is_open else node.value in values


def _matches(pattern: Any, document: Document) -> Found | None:
    found: Found = [
        Span(field=field.name, start=match.start(), end=match.end())
        for field in document.fields
        for match in islice(pattern.finditer(field.text), _MAX_REGEX_HITS)
        if match.end() > match.start()
    ]
    return found or None


_COMPARED: dict[str, Callable[[int, int], bool]] = {
    ">=": operator.ge,
    ">": operator.gt,
    "=": operator.eq,
    "<=": operator.le,
    "<": operator.lt,
}


def apart(found: Sequence[Hit]) -> list[Hit]:
    """As many places as do not overlap, the first ones first."""
    apart: list[Hit] = []
    for place in sorted(found, key=lambda hit: (hit.field, hit.end, -hit.start)):
        if not apart or place.field != apart[-1].field or place.start >= apart[-1].end:
            apart.append(place)
    return apart


# ── NEAR and BEFORE ──────────────────────────────────────────────────────────────────────────────────────────────────


def _near(node: Near, document: Document) -> Found | None:
    """Both sides of every pair that is near enough."""
    lefts = places(node.left, document)
    rights = places(node.right, document) if lefts else []
    if not rights:
        return None
    kept_lefts, kept_rights = _beside(lefts, rights, node.reach, document)
    if not node.ordered:
        more_rights, more_lefts = _beside(rights, lefts, node.reach, document)
        kept_lefts, kept_rights = kept_lefts | more_lefts, kept_rights | more_rights
    if not kept_lefts:
        return None
    return [*_marks(node.left, kept_lefts, document), *_marks(node.right, kept_rights, document)]


def _beside(
    firsts: Sequence[Hit], seconds: Sequence[Hit], reach: Reach, document: Document
) -> tuple[set[Hit], set[Hit]]:
    """The first places that have a second one behind them within reach, and the second ones that have a first."""
    if isinstance(reach, str):
        return _in_one_unit(firsts, seconds, reach, document)
    beginnings = sorted((hit.field, hit.start) for hit in seconds)
    ends = sorted((hit.field, hit.end) for hit in firsts)
    return (
        {hit for hit in firsts if _within(beginnings, hit.field, hit.end, hit.end + reach)},
        {hit for hit in seconds if _within(ends, hit.field, hit.start - reach, hit.start)},
    )


def _within(places_: list[tuple[int, int]], field: int, low: int, high: int) -> bool:
    """Whether one of the sorted places lies in the field between low and high, both included."""
    index = bisect_left(places_, (field, low))
    return index < len(places_) and places_[index] <= (field, high)


def _in_one_unit(
    firsts: Sequence[Hit], seconds: Sequence[Hit], reach: str, document: Document
) -> tuple[set[Hit], set[Hit]]:
    """The same within one sentence or one paragraph."""
    first_units, second_units = ({hit: _unit(hit, reach, document) for hit in some} for some in (firsts, seconds))
    last_start: dict[tuple[int, int], int] = {}
    for hit, unit in second_units.items():
        if unit is not None:
            last_start[unit] = max(last_start.get(unit, -1), hit.start)
    first_end: dict[tuple[int, int], int] = {}
    for hit, unit in first_units.items():
        if unit is not None:
            first_end[unit] = min(first_end.get(unit, hit.end), hit.end)
    return (
        {hit for hit, unit in first_units.items() if unit is not None and hit.end <= last_start.get(unit, -1)},
        {hit for hit, unit in second_units.items() if unit in first_end and hit.start >= first_end[unit]},
    )


def _unit(hit: Hit, reach: str, document: Document) -> tuple[int, int] | None:
    """The sentence or paragraph that a place lies in; None when it lies in several."""
    field = document.fields[hit.field]
    number = field.sentence if reach == "s" else field.paragraph
    first, last = number(hit.start), number(hit.end - 1)
    return (hit.field, first) if first == last else None


def _pairs(node: Near, document: Document) -> Iterator[tuple[Hit, Hit]]:
    """Every pair of places, one of each side, that is near enough."""
    lefts = places(node.left, document)
    rights = places(node.right, document) if lefts else []
    yield from _ordered_pairs(lefts, rights, node.reach, document)
    if not node.ordered:
        yield from _ordered_pairs(rights, lefts, node.reach, document)


def _ordered_pairs(
    firsts: Sequence[Hit], seconds: Sequence[Hit], reach: Reach, document: Document
) -> Iterator[tuple[Hit, Hit]]:
    for first in firsts:
        for second in islice(seconds, bisect_left(seconds, (first.field, first.end)), None):
            if second.field != first.field:
                break
            if isinstance(reach, int):
                if second.start > first.end + reach:
                    break
                yield first, second
            elif (unit := _unit(first, reach, document)) is None:
                break
            elif unit == _unit(second, reach, document):
                yield first, second
            elif second.start > first.end and _unit(Hit(*second[:2], second.start + 1), reach, document) != unit:
                break


def _stretch(one: Hit, other: Hit) -> Hit:
    return Hit(one.field, min(one.start, other.start), max(one.end, other.end))


def _marks(node: Node, kept: set[Hit], document: Document) -> list[Hit]:
    """What to mark of the places kept: of a stretch, the two sides it goes from and to."""
    match node:
        case Near():
            pairs = islice(_pairs(node, document), MAX_STRETCHES)
            inside = [pair for pair in pairs if _stretch(*pair) in kept]
            lefts = {hit for pair in inside for hit in pair}
            return _marks(node.left, lefts & set(places(node.left, document)), document) + _marks(
                node.right, lefts & set(places(node.right, document)), document
            )
        case Or(nodes):
            return [hit for inner in nodes for hit in _marks(inner, kept & set(places(inner, document)), document)]
        case In(node=inner):
            return _marks(inner, kept, document)
        case _:
            return list(kept)
