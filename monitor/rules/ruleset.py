"""Queries and rules, compiled once, and all rules held against one article."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from monitor.errors import RuleError
from monitor.model import Match, RuleSpec, Span
from monitor.rules.document import Document, Part
from monitor.rules.grammar import parse
from monitor.rules.tree import And, Gate, Node, Not, Or
from monitor.text import excerpt

MAX_SPANS = 100  # a word that stands in every sentence needs no more to be shown


@dataclass(frozen=True, slots=True)
class Query:
    """A compiled query."""

    tree: Node
    gate: Gate

    def matches(self, document: Document) -> tuple[Span, ...] | None:
        """What matches, in reading order, title first, at most `MAX_SPANS`. None: no match."""
        hits = self.tree.hits(document)
        if hits is None:
            return None
        return tuple(document.fields[field].span(first, last) for field, first, last in sorted(set(hits))[:MAX_SPANS])


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule with its query compiled."""

    spec: RuleSpec
    query: Query

    def applies_to(self, *, feed: str, tags: Sequence[str], language: str) -> bool:
        """Whether the rule is for articles of this feed and language. `und` never excludes an article."""
        spec = self.spec
        return (
            (not spec.feeds or feed in spec.feeds)
            and (not spec.tags or not set(spec.tags).isdisjoint(tags))
            and (not spec.languages or language == "und" or any(_covers(tag, language) for tag in spec.languages))
        )

    def match(self, document: Document) -> Match | None:
        """The match with an excerpt around what was found: of the text, or of the title when only the title matched."""
        spans = self.query.matches(document)
        if spans is None:
            return None
        in_text = [(span.start, span.end) for span in spans if span.field == "text"]
        in_title = [(span.start, span.end) for span in spans if span.field == "title"]
        shown = excerpt(document.title, in_title) if in_title and not in_text else excerpt(document.text, in_text)
        return Match(rule=self.spec.name, spans=spans, excerpt=shown)


def _covers(wanted: str, language: str) -> bool:
    """Whether a BCP 47 tag wants a language: `fr` takes `fr-FR`, and `fr-FR` takes a `fr` of unknown country."""
    wanted, language = wanted.lower() + "-", language.lower() + "-"
    return language.startswith(wanted) or wanted.startswith(language)


def compile_query(query: str, aliases: Mapping[str, Sequence[str]]) -> Query:
    """Compiles a query. Raises RuleError."""
    return _query(parse(query, aliases))


def compile_rule(spec: RuleSpec, aliases: Mapping[str, Sequence[str]]) -> Rule:
    """Compiles a rule: `query` and the three lists together. Raises RuleError; its column counts within one of them."""
    nodes = [] if spec.query is None else [parse(spec.query, aliases)]
    nodes += [parse(item, aliases) for item in spec.all]
    if spec.any:
        nodes.append(Or(tuple(parse(item, aliases) for item in spec.any)))
    nodes += [Not(parse(item, aliases)) for item in spec.none]
    if not nodes:
        raise RuleError("the rule looks for nothing. Give it a query", 1)
    return Rule(spec, _query(And(tuple(nodes))))


def _query(tree: Node) -> Query:
    gate = tree.gate()
    if gate is None:
        message = (
            "this says only what must be absent, so nearly every article would match. "
            "Add a word that must be present, to every side of an OR"
        )
        raise RuleError(message, 1)
    return Query(tree, gate)


class RuleSet:
    """All rules, looked up by their gates: an article costs the rules that may match it, not all there are."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = tuple(rules)
        self._by_word: dict[str, list[int]] = {}
        self._by_beginning: dict[str, list[tuple[str, int]]] = {}  # by the first two letters of an open word
        for number, rule in enumerate(self.rules):
            for part in rule.query.gate:
                self._file(part, number)
        self._words = frozenset(self._by_word)

    def _file(self, part: Part, number: int) -> None:
        if part.is_open:
            self._by_beginning.setdefault(part.letters[:2], []).append((part.letters, number))
        else:
            self._by_word.setdefault(part.letters, []).append(number)

    @classmethod
    def of(cls, specs: Sequence[RuleSpec], aliases: Mapping[str, Sequence[str]]) -> RuleSet:
        """The enabled rules, compiled. Raises RuleError for the first that cannot be."""
        return cls([compile_rule(spec, aliases) for spec in specs if spec.enabled])

    def match(self, document: Document, *, feed: str, tags: Sequence[str], language: str) -> tuple[Match, ...]:
        """What every rule that is for this article finds in it, in configuration order."""
        matches = []
        for number in sorted(self._candidates(document)):
            rule = self.rules[number]
            if rule.applies_to(feed=feed, tags=tags, language=language) and (match := rule.match(document)):
                matches.append(match)
        return tuple(matches)

    def _candidates(self, document: Document) -> set[int]:
        """The rules whose gate the document passes."""
        numbers = {number for word in self._words & document.words for number in self._by_word[word]}
        if self._by_beginning:
            for word in document.words:
                for letters, number in self._by_beginning.get(word[:2], ()):
                    if word.startswith(letters):
                        numbers.add(number)
        return numbers
