"""Queries and rules, compiled once, and all rules held against one article."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from monitor.errors import RuleError
from monitor.model import AliasItems, Match, RuleSpec, Span, Window
from monitor.rules.document import Document
from monitor.rules.evaluate import Found, Hit, hits, speaks
from monitor.rules.gates import Gate, gate, narrowest, of_scores
from monitor.rules.grammar import Aliases, parse
from monitor.rules.stemming import stem_keys
from monitor.rules.tree import And, Has, Node, Not, Or, Term, nodes_of
from monitor.text import excerpt

MAX_SPANS = 100  # a word that stands in every sentence needs no more to be shown

Aliased = Mapping[str, AliasItems]


@dataclass(frozen=True, slots=True)
class Query:
    """A compiled query."""

    tree: Node
    gate: Gate

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
    gate: Gate

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
        return not spec.times or any(_within(window, at) for window in spec.times)

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
        in_title = [(span.start, span.end) for span in spans if span.field == "title"]
        shown = excerpt(document.title, in_title) if in_title and not in_text else excerpt(document.text, in_text)
        return Match(rule=self.spec.name, spans=spans, excerpt=shown, score=score)

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
        return total if self.spec.threshold is None or total >= self.spec.threshold else None


def _within(window: Window, at: datetime) -> bool:
    """Whether an instant lies in a window; what goes past midnight belongs to the day on which it begins."""
    local = at.astimezone(ZoneInfo(window.timezone))
    day, now = local.weekday(), local.time()
    if window.start < window.end:
        return day in window.days and window.start <= now < window.end
    return (day in window.days and now >= window.start) or ((day - 1) % 7 in window.days and now < window.end)


def _in_title(found: Found) -> bool:
    return any(hit.field in (0, "title") for hit in found)


def spans_of(found: Found, document: Document) -> tuple[Span, ...]:
    first = sorted({hit for hit in found if isinstance(hit, Hit)})[:MAX_SPANS]
    spans = {document.fields[hit.field].span(*hit[1:]) for hit in first}
    spans |= {hit for hit in found if isinstance(hit, Span)}
    return tuple(sorted(spans, key=lambda span: (span.field != "title", span.start, span.end))[:MAX_SPANS])


def compile_query(query: str, aliases: Aliased | Aliases) -> Query:
    """Compiles a query. Raises RuleError."""
    tree = parse(query, aliases if isinstance(aliases, Aliases) else Aliases(aliases))
    needed = gate(tree)
    if needed is None:
        raise _asks_for_nothing()
    return Query(tree, needed)


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
    return Rule(spec, query, scores, _gate(spec, query, scores))


def _gate(spec: RuleSpec, query: Node | None, scores: Sequence[tuple[Node, float]]) -> Gate:
    gates = [] if query is None else [gate(query)]
    if scores:
        threshold = 0.0 if spec.threshold is None else spec.threshold
        most = sum(max(weight, 0.0) for _, weight in scores) * max(spec.title_weight, 1.0)
        if most < threshold:
            raise RuleError(f"the weights come to {most:g} at most and never reach the threshold {threshold:g}", 1)
        weighted = [(node, weight * max(spec.title_weight, 1.0)) for node, weight in scores]
        gates.append(of_scores(weighted, threshold))
    needed = narrowest(gates)
    if needed is None:
        raise _asks_for_nothing()
    return needed


def _asks_for_nothing() -> RuleError:
    return RuleError(
        "this says only what must be absent, so nearly every article would match. "
        "Add a word that must be present, to every side of an OR",
        1,
    )


class RuleSet:
    """All rules, looked up by their gates: an article costs the rules that may match it, not all there are."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = tuple(rules)
        self._always: list[int] = []
        self._by_word: dict[str, list[int]] = {}
        self._by_beginning: dict[str, list[tuple[str, int]]] = {}  # by the first two letters of an open word
        self._stemmed: list[tuple[str, int]] = []
        self._by_stem: dict[str, dict[str, list[int]]] = {}  # by language; made when the first article of it comes
        for number, rule in enumerate(self.rules):
            if not rule.gate:
                self._always.append(number)
            for part in rule.gate:
                if part.stem is not None:
                    self._stemmed.append((part.stem, number))
                elif part.is_open:
                    self._by_beginning.setdefault(part.letters[:2], []).append((part.letters, number))
                else:
                    self._by_word.setdefault(part.letters, []).append(number)
        self._words = frozenset(self._by_word)

    @classmethod
    def of(cls, specs: Sequence[RuleSpec], aliases: Aliased) -> RuleSet:
        """The enabled rules, compiled. Raises RuleError for the first that cannot be."""
        known = Aliases(aliases)
        return cls([compile_rule(spec, known) for spec in specs if spec.enabled])

    def match(self, document: Document, *, at: datetime | None = None) -> tuple[Match, ...]:
        """What every rule that is for this article finds in it, in configuration order.

        `at` is when the article was first seen; None: rules that are over count, too.
        """
        matches = []
        for rule in self.held_against(document):
            if (at is None or rule.is_due(at)) and rule.is_for(document) and (match := rule.match(document)):
                matches.append(match)
        return tuple(matches)

    def held_against(self, document: Document) -> list[Rule]:
        """The rules whose gate the document passes, in configuration order: no other can match it."""
        numbers = {number for word in self._words & document.words for number in self._by_word[word]}
        numbers.update(self._always)
        if self._by_beginning:
            for word in document.words:
                for letters, number in self._by_beginning.get(word[:2], ()):
                    if word.startswith(letters):
                        numbers.add(number)
        if self._stemmed:
            stems = self._stems(document.language)
            for stem in stems.keys() & document.stems:
                numbers.update(stems[stem])
        return [self.rules[number] for number in sorted(numbers)]

    def _stems(self, language: str) -> dict[str, list[int]]:
        if language not in self._by_stem:
            stems: dict[str, list[int]] = {}
            for word, number in self._stemmed:
                for key in stem_keys(word, language):
                    stems.setdefault(key, []).append(number)
            self._by_stem[language] = stems
        return self._by_stem[language]
