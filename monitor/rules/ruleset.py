"""Queries and rules, compiled once, and all rules held against one article."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.errors import RuleError
from monitor.hours import is_within
from monitor.model import AliasItems, Match, RuleFailure, RuleSpec, Span
from monitor.rules.document import Document
from monitor.rules.evaluate import Found, Hit, hits, speaks
from monitor.rules.gates import OPEN, Gate, asks, gate, may_reach, narrowest, of_scores, reaches
from monitor.rules.grammar import Aliases, parse
from monitor.rules.needs import Lookup, Needs, needs_of
from monitor.rules.tree import And, Has, Node, Not, Or, Term, nodes_of
from monitor.text import excerpt, one_line

MAX_SPANS = 100  # a word that stands in every sentence needs no more to be shown
LONGEST_ERROR = 300  # code points
MAX_WORDS = 20  # different ones that a match is remembered by

Aliased = Mapping[str, AliasItems]


@dataclass(frozen=True, slots=True)
class Query:
    """A compiled query."""

    tree: Node

    def matches(self, document: Document) -> tuple[Span, ...] | None:
        """What matches, in reading order, title first, at most `MAX_SPANS`. None: no match."""
        found = hits(self.tree, document)
        return None if found is None else spans_of(found, document)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule with its queries compiled."""

    spec: RuleSpec
    query: Node | None  # what must match in any case; None: only the scores decide
    scores: tuple[tuple[Node, float], ...]

    def is_for(self, document: Document) -> bool:
        """Whether the rule is for articles of this feed, language and country. `und` never excludes an article."""
        spec, outlet = self.spec, document.outlet
        return (
            (not spec.feeds or outlet.feed in spec.feeds)
            and (not spec.tags or not set(spec.tags).isdisjoint(outlet.tags))
            and (not spec.languages or any(speaks(document, tag) for tag in spec.languages))
            and (not spec.countries or outlet.country in spec.countries)
        )

    @property
    def gate(self) -> Gate:
        """What the full-text index can be asked for: a match holds one of it."""
        gates = [] if self.query is None else [gate(self.query)]
        if self.scores:
            gates.append(of_scores(self._weights, self._threshold))
        return narrowest(gates) or OPEN

    @property
    def needs(self) -> Needs:
        """What a match cannot do without."""
        return needs_of(self.query, self._weights, self._threshold) if self.scores else needs_of(self.query)

    @property
    def _weights(self) -> list[tuple[Node, float]]:
        """What each score comes to at most, where the title has it."""
        return [(node, weight * max(self.spec.title_weight, 1.0)) for node, weight in self.scores]

    @property
    def _threshold(self) -> float:
        return self.spec.threshold or 0.0

    def refuse_too_little(self) -> None:
        """Raises RuleError when the rule asks for nothing, or for more than its scores can come to."""
        most = sum(max(weight, 0.0) for _, weight in self._weights)
        if self.scores and not reaches(most, self._threshold):
            message = f"the weights come to {most:g} at most and never reach the threshold {self._threshold:g}"
            raise RuleError(message, 1)
        loose = sum(max(weight, 0.0) for node, weight in self._weights if not asks(node))
        if not (
            (self.query is not None and asks(self.query)) or (self.scores and not may_reach(loose, self._threshold))
        ):
            raise _asks_for_nothing()

    @property
    def asks_of_feed(self) -> bool:
        """Whether it may match an article of one feed and not the same article of another."""
        if self.spec.feeds or self.spec.tags or self.spec.countries:
            return True
        roots = [node for node, _ in self.scores] + ([] if self.query is None else [self.query])
        return any(
            (isinstance(node, Has) and node.field != "lang") or (isinstance(node, Term) and node.field == "source")
            for root in roots
            for node in nodes_of(root)
        )

    def is_due(self, at: datetime) -> bool:
        """Whether the rule is in force for an article first seen at this moment."""
        spec = self.spec
        if spec.until is not None and at >= spec.until:
            return False
        return not spec.times or any(is_within(window, at) for window in spec.times)

    def match(self, document: Document) -> Match | None:
        """The match with an excerpt around what was found: of the text, or of the title when only the title matched."""
        found: Found = []
        if self.query is not None:
            some = hits(self.query, document)
            if some is None:
                return None
            found += some
        score = self._score(document, found)
        if score is None:
            return None
        spans = spans_of(found, document)
        in_text = [(span.start, span.end) for span in spans if span.field == "text"]
        # Where only the title matched, the title.
        number, marked = (1, in_text) if in_text or not spans else (0, [(span.start, span.end) for span in spans])
        shown = excerpt(document.fields[number].line, marked)
        return Match(rule=self.spec.name, spans=spans, excerpt=shown, score=score, words=_words(spans, document))

    def _score(self, document: Document, found: Found) -> float | None:
        """The score, with what it comes from added to `found`; None when it does not reach the threshold."""
        if not self.scores:
            return self.spec.title_weight if _in_title(found) else 1.0
        total = 0.0
        for node, weight in self.scores:
            some = hits(node, document)
            if some is None:
                continue
            total += weight * (self.spec.title_weight if _in_title(some) else 1.0)
            if weight > 0:
                found += some
        return total if self.spec.threshold is None or reaches(total, self.spec.threshold) else None


def _in_title(found: Found) -> bool:
    return any(hit.field in (0, "title") for hit in found)


def spans_of(found: Found, document: Document) -> tuple[Span, ...]:
    """What was found as spans, in reading order, title first, at most `MAX_SPANS`."""
    first = sorted({hit for hit in found if isinstance(hit, Hit)})[:MAX_SPANS]
    spans = [document.fields[hit.field].span(*hit[1:]) for hit in first]
    if len(first) < len(found):
        spans += [hit for hit in found if isinstance(hit, Span)]
    if len(spans) == 1:
        return tuple(spans)
    return tuple(sorted(set(spans), key=lambda span: (span.field != "title", span.start, span.end))[:MAX_SPANS])


def _words(spans: Sequence[Span], document: Document) -> tuple[str, ...]:
    """The words that matched as the article writes them, each once; those that touch are one: 北 and 约 are 北约."""
    merged: list[tuple[str, int, int]] = []
    for span in spans:
        if merged and merged[-1][0] == span.field and span.start <= merged[-1][2]:
            merged[-1] = (span.field, merged[-1][1], max(merged[-1][2], span.end))
        else:
            merged.append((span.field, span.start, span.end))
    found: dict[str, str] = {}
    for name, start, end in merged:
        word = document.field(name).line[start:end]
        found.setdefault(word.casefold(), word)
    return tuple(found.values())[:MAX_WORDS]


def compile_query(query: str, aliases: Aliased | Aliases) -> Query:
    """Compiles a query. Raises RuleError."""
    tree = parse(query, aliases if isinstance(aliases, Aliases) else Aliases(aliases))
    if not asks(tree):
        raise _asks_for_nothing()
    return Query(tree)


def compile_rule(spec: RuleSpec, aliases: Aliased | Aliases) -> Rule:
    """Compiles a rule: query, lists and scores together. Raises RuleError; its column counts within one of them."""
    known = aliases if isinstance(aliases, Aliases) else Aliases(aliases)
    nodes = [] if spec.query is None else [parse(spec.query, known)]
    nodes += [parse(item, known) for item in spec.all]
    if spec.any:
        nodes.append(Or(tuple(parse(item, known) for item in spec.any)))
    nodes += [Not(parse(item, known)) for item in spec.none]
    scores = tuple((parse(item, known), weight) for item, weight in spec.score)
    if not nodes and not scores:
        raise RuleError("the rule looks for nothing. Give it a query", 1)
    query = None if not nodes else nodes[0] if len(nodes) == 1 else And(tuple(nodes))
    rule = Rule(spec, query, scores)
    rule.refuse_too_little()
    return rule


def _asks_for_nothing() -> RuleError:
    return RuleError(
        "this says only what must be absent, so nearly every article would match. "
        "Add a word that must be present, to every side of an OR",
        1,
    )


class RuleSet:
    """All rules, looked up by what they need: an article costs the rules that may match it, not all there are."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = tuple(rules)
        self._lookup = Lookup([rule.needs for rule in self.rules])

    @classmethod
    def of(cls, specs: Sequence[RuleSpec], aliases: Aliased) -> RuleSet:
        """The enabled rules, compiled. Raises RuleError for the first that cannot be."""
        known = Aliases(aliases)
        return cls([compile_rule(spec, known) for spec in specs if spec.enabled])

    def match(self, document: Document, *, at: datetime | None = None) -> tuple[Match, ...]:
        """What every rule that is for this article finds in it, in configuration order.

        `at` is when the article was first seen; None: rules that are over count, too.
        """
        return tuple(match for rule in self._for(document, at) if (match := rule.match(document)))

    def judge(self, document: Document, *, at: datetime) -> tuple[tuple[Match, ...], tuple[RuleFailure, ...]]:
        """As `match`, and the rules that fail on this article: a fault in one must not keep the others from it."""
        matches, failures = [], []
        for rule in self._for(document, at):
            try:
                if match := rule.match(document):
                    matches.append(match)
            except MemoryError:
                raise
            except Exception as fault:
                why = one_line(f"{type(fault).__name__}: {fault}", LONGEST_ERROR)
                failures.append(RuleFailure(rule=rule.spec.name, error=why))
        return tuple(matches), tuple(failures)

    def _for(self, document: Document, at: datetime | None) -> Iterator[Rule]:
        for rule in self.held_against(document):
            if (at is None or rule.is_due(at)) and rule.is_for(document):
                yield rule

    def held_against(self, document: Document) -> list[Rule]:
        """The rules whose needs the document meets, in configuration order: no other can match it."""
        return [self.rules[number] for number in self._lookup.may_match(document)]
