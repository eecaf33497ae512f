"""Why a rule matched an article or did not: the smallest parts of its query that decided."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.model import Span
from monitor.rules.document import Document
from monitor.rules.evaluate import hits, places, speaks
from monitor.rules.ruleset import Rule, spans_of
from monitor.rules.shown import shown
from monitor.rules.tree import And, Count, First, Has, In, Near, Node, Not, Or, Regex, Term


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One part of a query, and what of the article decided it."""

    part: str  # as it would be written in a query
    why: str  # one line for people
    spans: tuple[Span, ...] = ()  # where; empty: nowhere in title and text


def reasons(rule: Rule, document: Document) -> tuple[Reason, ...]:
    """What decided: of a match everything that was found, else the parts for want, or because, of which it is none."""
    found: list[Reason] = []
    if rule.query is not None:
        matched = hits(rule.query, document) is not None
        found += _found(rule.query, document) if matched else _missed(rule.query, document)
        if not matched:
            return tuple(found)
    total = 0.0
    for node, weight in rule.scores:
        some = hits(node, document)
        if some is None:
            continue
        spans = spans_of(some, document)
        counted = weight * (rule.spec.title_weight if any(span.field == "title" for span in spans) else 1.0)
        total += counted
        found.append(Reason(part=shown(node), why=f"counts {counted:+g}", spans=spans))
    if rule.scores:
        compared = "reaches" if total >= (rule.spec.threshold or 0.0) else "does not reach"
        found.append(Reason(part="score", why=f"{total:g} {compared} the threshold {rule.spec.threshold or 0:g}"))
    return tuple(found)


def _found(node: Node, document: Document) -> list[Reason]:
    """What makes a node that matches do so."""
    match node:
        case And(nodes):
            return [reason for inner in nodes for reason in _found(inner, document)]
        case Or(nodes):
            matching = (inner for inner in nodes if hits(inner, document) is not None)
            return [reason for inner in matching for reason in _found(inner, document)]
        case First(_, inner) | In(_, inner) if isinstance(inner, And | Or):
            return _found(inner, document)
        case Not(inner):
            return [Reason(part=shown(node), why="is absent, as it must be")]
        case _:
            return [Reason(part=shown(node), why="is there", spans=spans_of(hits(node, document) or [], document))]


def _missed(node: Node, document: Document) -> list[Reason]:
    """What makes a node that does not match not do so."""
    match node:
        case And(nodes):
            failing = next(inner for inner in nodes if hits(inner, document) is None)
            return _missed(failing, document)
        case Or(nodes):
            return [reason for inner in nodes for reason in _missed(inner, document)]
        case Not(inner):
            spans = spans_of(hits(inner, document) or [], document)
            return [Reason(part=shown(node), why="is there and must not be", spans=spans)]
        case Near(left, right):
            return _missed_near(node, left, right, document)
        case Count(inner):
            found = places(inner, document)
            return [Reason(part=shown(node), why=f"stands {len(found)} times", spans=spans_of(list(found), document))]
        case First(words, inner):
            behind = hits(inner, document)
            if behind is None:
                return _missed(inner, document)
            why = f"stands behind the first {words} words only"
            return [Reason(part=shown(node), why=why, spans=spans_of(behind, document))]
        case In(language, inner):
            if speaks(document, language):
                return _missed(inner, document)
            why = f"counts only in articles in {language}; this one is in {document.language}"
            return [Reason(part=shown(inner), why=why)]
        case Has(field):
            known = document.language if field == "lang" else ", ".join(sorted(document.values(field)))
            return [Reason(part=shown(node), why=f"is not so; it is {known}" if known else "is not known")]
        case Term(_, field):
            return [Reason(part=shown(node), why=_elsewhere(node, field, document))]
        case Regex():
            return [Reason(part=shown(node), why="is not there")]


def _elsewhere(node: Term, field: str | None, document: Document) -> str:
    if field is not None and hits(Term(node.parts), document) is not None:
        return f"is not in the {field}, only elsewhere"
    return "is not there"


def _missed_near(node: Near, left: Node, right: Node, document: Document) -> list[Reason]:
    for side in (left, right):
        if not places(side, document):
            return _missed(side, document)
    lefts, rights = places(left, document), places(right, document)
    spans = spans_of([*lefts, *rights], document)
    gaps = [
        (b.start - a.end, a, b) if a.end <= b.start else (a.start - b.end, a, b)
        for a in lefts
        for b in rights
        if a.field == b.field and (a.end <= b.start or (b.end <= a.start and not node.ordered))
    ]
    if not gaps:
        why = "both are there, but not in this order" if node.ordered else "both are there, but not side by side"
        if not any(a.field == b.field for a in lefts for b in rights):
            why = "one is in the title only, the other in the text only"
        return [Reason(part=shown(node), why=why, spans=spans)]
    gap, a, b = min(gaps)
    closest = spans_of([a, b], document)
    if isinstance(node.reach, int):
        why = f"both are there, {gap} words apart at the closest"
    else:
        why = "both are there, but never in one " + ("sentence" if node.reach == "s" else "paragraph")
    return [Reason(part=shown(node), why=why, spans=closest)]
