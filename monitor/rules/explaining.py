"""Why a rule matched an article or did not: the smallest parts of its query that decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, tzinfo
from zoneinfo import ZoneInfo

from monitor.model import Span, Window
from monitor.rules.document import Document
from monitor.rules.evaluate import Found, apart, hits, places, speaks
from monitor.rules.gates import reaches
from monitor.rules.ruleset import Rule, spans_of
from monitor.rules.shown import shown
from monitor.rules.tree import And, Count, First, Has, In, Near, Node, Not, Or, Part, Regex, Term


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One part of a query, or a key of its scope, and what of the article decided it."""

    part: str  # as it would be written in a query; the name of a key; "score"
    why: str  # one line for people
    spans: tuple[Span, ...] = ()  # where; empty: nowhere in title and text


def reasons(rule: Rule, document: Document) -> tuple[Reason, ...]:
    """What decided: of a match everything that was found, else the parts for want, or because, of which it is none."""
    if rule.query is not None and hits(rule.query, document) is None:
        return tuple(_missed(rule.query, document))
    found = [] if rule.query is None else _found(rule.query, document)
    return (*found, *_weighed(rule, document))


def out_of_scope(rule: Rule, document: Document, at: datetime) -> tuple[Reason, ...]:
    """The keys that keep a rule from an article first seen at this moment; empty: it is for it, and in force."""
    spec, outlet = rule.spec, document.outlet
    found = []
    if not spec.enabled:
        found.append(Reason(part="enabled", why="the rule is switched off"))
    if spec.feeds and outlet.feed not in spec.feeds:
        found.append(Reason(part="feeds", why=f"is for {_listed(spec.feeds)}; this is {outlet.feed}"))
    if spec.tags and set(spec.tags).isdisjoint(outlet.tags):
        why = f"is for {_listed(spec.tags)}; {outlet.feed} has {_listed(outlet.tags) or 'no tags'}"
        found.append(Reason(part="tags", why=why))
    if spec.languages and not any(speaks(document, tag) for tag in spec.languages):
        why = f"is for {_listed(spec.languages)}; this article is in {document.language}"
        found.append(Reason(part="languages", why=why))
    if spec.countries and outlet.country not in spec.countries:
        why = f"is for {_listed(spec.countries)}; {outlet.feed} has {outlet.country or 'no country'}"
        found.append(Reason(part="countries", why=why))
    if spec.until is not None and at >= spec.until:
        came = _moment(at, spec.until.tzinfo)
        found.append(Reason(part="until", why=f"was over at {spec.until:%Y-%m-%d %H:%M %Z}; the article came {came}"))
    elif spec.times and not rule.is_due(at):
        came = _moment(at, ZoneInfo(spec.times[0].timezone))
        why = f"is in force {'; '.join(map(_window, spec.times))}; the article came {came}"
        found.append(Reason(part="times", why=why))
    return tuple(found)


_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def _window(window: Window) -> str:
    end = "24:00" if window.end == time.max else f"{window.end:%H:%M}"
    return f"{' '.join(_DAYS[day] for day in sorted(window.days))} {window.start:%H:%M}–{end}"


def _moment(at: datetime, zone: tzinfo | None) -> str:
    local = at.astimezone(zone)
    return f"{_DAYS[local.weekday()]} {local:%Y-%m-%d %H:%M %Z}"


def _listed(values: Sequence[str]) -> str:
    return ", ".join(values)


# ── weights ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _weighed(rule: Rule, document: Document) -> list[Reason]:
    """What each weight came to, and the sum; of a sum that is too small also what would have added to it."""
    if not rule.scores:
        return []
    counted, wanting = [], []
    total = 0.0
    for node, weight in rule.scores:
        some = hits(node, document)
        if some is None:
            if weight > 0:
                wanting += [
                    Reason(part=each.part, why=f"{each.why}, so {weight:+g} does not count", spans=each.spans)
                    for each in _missed(node, document)
                ]
            continue
        spans = spans_of(some, document)
        doubled = rule.spec.title_weight != 1 and any(span.field == "title" for span in spans)
        worth = weight * (rule.spec.title_weight if doubled else 1.0)
        total += worth
        why = f"counts {worth:+g}" + (f" ({weight:+g}, and in the title {rule.spec.title_weight:g} times)" * doubled)
        counted.append(Reason(part=shown(node), why=why, spans=spans))
    threshold = rule.spec.threshold or 0.0
    reached = reaches(total, threshold)
    compared = "reaches" if reached else "does not reach"
    total_reason = Reason(part="score", why=f"{total:g} {compared} the threshold {threshold:g}")
    return [*counted, *([] if reached else wanting), total_reason]


# ── what matched ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _found(node: Node, document: Document) -> list[Reason]:
    """What makes a node that matches do so."""
    match node:
        case And(nodes):
            return [reason for inner in nodes for reason in _found(inner, document)]
        case Or(nodes):
            matching = (inner for inner in nodes if hits(inner, document) is not None)
            return [reason for inner in matching for reason in _found(inner, document)]
        case First(words, inner) if isinstance(inner, And | Or):
            return _found(inner, document.first(words))
        case In(_, inner):
            return _found(inner, document)
        case Not(inner):
            return [Reason(part=shown(node), why=f"holds: {shown(inner)} is absent")]
        case Has(field):
            return [Reason(part=shown(node), why=f"is so: {_known(field, document)}")]
        case Term(_, "author" | "link" | "source" as field):
            return [Reason(part=shown(node), why=f"is in the {field}")]
        case Count(inner):
            return [_counted(node, inner, document)]
        case _:
            return [Reason(part=shown(node), why="is there", spans=spans_of(hits(node, document) or [], document))]


def _counted(node: Node, inner: Node, document: Document) -> Reason:
    found = apart(places(inner, document))
    times = "once" if len(found) == 1 else f"{len(found)} times"
    return Reason(part=shown(node), why=f"stands there {times}", spans=spans_of(list(found), document))


def _known(field: str, document: Document) -> str:
    """What is known under lang, feed, tag or country."""
    if field == "lang":
        return document.language if document.language != "und" else "und, not known"
    return ", ".join(sorted(document.values(field))) or "none is known"


# ── what did not ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _missed(node: Node, document: Document) -> list[Reason]:
    """What makes a node that does not match not do so."""
    match node:
        case And(nodes):
            failing = (inner for inner in nodes if hits(inner, document) is None)
            return [reason for inner in failing for reason in _missed(inner, document)]
        case Or(nodes):
            return _missed_any(nodes, document)
        case Not(inner):
            return [_present(node, inner, document)]
        case Near(left, right):
            return _missed_near(node, left, right, document)
        case Count(inner):
            return [_counted(node, inner, document)]
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
            return [Reason(part=shown(node), why=f"is not so: {_known(field, document)}")]
        case Regex():
            return [Reason(part=shown(node), why="finds nothing in title and text")]
        case Term():
            return [_missed_term(node, document)]


def _present(node: Not, inner: Node, document: Document) -> Reason:
    found: Found = hits(inner, document) or []
    return Reason(part=shown(node), why=f"fails: {shown(inner)} is there", spans=spans_of(found, document))


_NOT_THERE = "is not there"


def _missed_any(nodes: Sequence[Node], document: Document) -> list[Reason]:
    """Why no side of an OR matches; those that are simply not there in one line."""
    each = [(inner, _missed(inner, document)) for inner in nodes]
    absent = [inner for inner, found in each if [reason.why for reason in found] == [_NOT_THERE]]
    others = [reason for inner, found in each if inner not in absent for reason in found]
    if not absent:
        return others
    why = _NOT_THERE if len(absent) == 1 else "none of them is there"
    return [Reason(part=shown(Or(tuple(absent)) if len(absent) > 1 else absent[0]), why=why), *others]


def _missed_term(node: Term, document: Document) -> Reason:
    """Why a term is not found: it is elsewhere, in other spelling, with its words apart, or nowhere at all."""
    part = shown(node)
    elsewhere = hits(Term(node.parts), document) if node.field is not None else None
    if elsewhere:
        why = f"is not in the {node.field}, only elsewhere"
        return Reason(part=part, why=why, spans=spans_of(elsewhere, document))
    if node.field in ("author", "link", "source"):
        known = " ".join(document.field(node.field).text.split())
        return Reason(part=part, why=f"is not so: {known or 'none is known'}")
    loose = Term(
        tuple(Part(each.letters, each.is_open, each.pattern, stem=each.stem) for each in node.parts), node.field
    )
    if loose.parts != node.parts and (alike := hits(loose, document)):
        return Reason(part=part, why="is there, but not written so", spans=spans_of(alike, document))
    if len(loose.parts) > 1:
        found = [hits(Term((each,), node.field), document) for each in loose.parts]
        if all(found):
            spans = spans_of([hit for some in found if some for hit in some], document)
            return Reason(part=part, why="its words are there, but not in a row", spans=spans)
    return Reason(part=part, why=_NOT_THERE)


def _missed_near(node: Near, left: Node, right: Node, document: Document) -> list[Reason]:
    """Why two sides are not near one another; of a side that is not there at all, why that is."""
    lefts, rights = places(left, document), places(right, document)
    missing = [
        reason for side, some in ((left, lefts), (right, rights)) if not some for reason in _missed(side, document)
    ]
    if missing:
        return missing
    pairs = [
        (b.start - a.end if a.end <= b.start else a.start - b.end, a, b)
        for a in lefts[:_MOST_LOOKED_AT]
        for b in rights[:_MOST_LOOKED_AT]
        if a.field == b.field and (a.end <= b.start or (b.end <= a.start and not node.ordered))
    ]
    if not pairs:
        why = "both are there, but not in this order" if node.ordered else "both are there, but only in one place"
        if not any(a.field == b.field for a in lefts for b in rights):
            why = "one is in the title only, the other in the text only"
        return [Reason(part=shown(node), why=why, spans=spans_of([*lefts, *rights], document))]
    gap, a, b = min(pairs)
    if isinstance(node.reach, int):
        why = f"both are there, {gap} words apart at the closest"
    else:
        why = "both are there, but never in one " + ("sentence" if node.reach == "s" else "paragraph")
    return [Reason(part=shown(node), why=why, spans=spans_of([a, b], document))]


_MOST_LOOKED_AT = 300  # of each side: pairs of words that stand in every sentence are many
