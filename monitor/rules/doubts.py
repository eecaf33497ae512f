"""What is doubtful in rules that are written correctly: that they can never match, or find what others find."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from zoneinfo import ZoneInfo

from monitor.model import FeedSpec, RuleSpec
from monitor.rules.evaluate import covers
from monitor.rules.grammar import Aliases
from monitor.rules.implication import contradiction, implies, required
from monitor.rules.regexes import compiled
from monitor.rules.ruleset import Rule
from monitor.rules.shown import shown
from monitor.rules.tree import And, Count, First, Has, In, Near, Node, Not, Or, Part, Regex, Term, nodes_of
from monitor.text import fold, one_line


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """Something that makes a rule other than its author will have meant it."""

    rule: str
    message: str  # one line: what is so, and what to do about it


def doubts(rules: Sequence[Rule], feeds: Sequence[FeedSpec], now: datetime, timezone: str) -> list[Doubt]:
    """What is doubtful in the enabled rules, by what they say and the feeds there are. In the order of the rules."""
    enabled = [rule for rule in rules if rule.spec.enabled]
    shadows = _shadows(enabled)
    found = []
    for rule in enabled:
        messages = [*_never(rule, feeds, now, timezone)] or [*_always(rule), *shadows.get(rule.spec.name, ())]
        found += [Doubt(rule=rule.spec.name, message=message) for message in messages]
    return found


# ── never ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _never(rule: Rule, feeds: Sequence[FeedSpec], now: datetime, timezone: str) -> Iterator[str]:
    """Why no article can match a rule."""
    spec = rule.spec
    if spec.until is not None and spec.until <= now:
        over = spec.until.astimezone(ZoneInfo(timezone))
        yield f"has been over since {over:%Y-%m-%d %H:%M} (until). Remove it, or give it another end"
    if not any(_is_for(spec, feed) for feed in feeds):
        keys = [key for key in ("feeds", "tags", "countries") if getattr(spec, key)]
        yield f"is for no feed: none has what {' and '.join(keys)} ask for. Correct them, or the feeds"
    if rule.query is None:
        return
    excluding = contradiction(rule.query)
    if excluding is not None:
        one, other = (one_line(shown(node), _SHOWN) for node in excluding)
        yield f"can never match: no article satisfies both {one} and {other}"
    for node in required(rule.query):
        if isinstance(node, Has) and (key := _kept_out(node, spec)):
            yield f"can never match: it asks for {shown(node)}, and is for {', '.join(getattr(spec, key))} ({key})"
    for node in nodes_of(rule.query):
        if isinstance(node, Has) and node.field in ("feed", "country") and not any(_has(feed, node) for feed in feeds):
            yield f"asks for {shown(node)}, and no feed has it"


_SHOWN = 120  # characters of a part of a query


def _kept_out(node: Has, spec: RuleSpec) -> str | None:
    """The key by which a rule is for none of the articles that have this; None: it is for some."""
    if node.field == "lang":
        # Articles in an unknown language are in every rule's scope.
        fits = not spec.languages or node.value == "und" or any(covers(tag, node.value) for tag in spec.languages)
        return None if fits else "languages"
    key = {"feed": "feeds", "country": "countries"}.get(node.field)
    values = [fold(value) for value in getattr(spec, key)] if key else []
    fits = any(value.startswith(node.value) if node.is_open else value == node.value for value in values)
    return key if values and not fits else None


def _is_for(spec: RuleSpec, feed: FeedSpec) -> bool:
    return (
        (not spec.feeds or feed.key in spec.feeds)
        and (not spec.tags or not set(spec.tags).isdisjoint(feed.tags))
        and (not spec.countries or feed.country in spec.countries)
    )


def _has(feed: FeedSpec, node: Has) -> bool:
    value = fold(feed.key if node.field == "feed" else feed.country or "")
    return value.startswith(node.value) if node.is_open else value == node.value


# ── always ───────────────────────────────────────────────────────────────────────────────────────────────────────────

_ANYTHING = "a", "Z", "é", "ж", "ب", "北", "한", "7", "."


def _always(rule: Rule) -> Iterator[str]:
    """Regular expressions that find something in whatever they are given."""
    for root in (rule.query, *(node for node, _ in rule.scores)):
        for node in () if root is None else nodes_of(root):
            if isinstance(node, Regex):
                pattern = compiled(node.source, node.ignore_case)
                if all((match := pattern.search(letter)) and match.end() > match.start() for letter in _ANYTHING):
                    yield f"{shown(node)} finds something in every text. Write what is looked for, or leave it out"


# ── superfluous ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _shadows(rules: Sequence[Rule]) -> dict[str, list[str]]:
    """The rules that find nothing which one other rule does not find and tell the same people."""
    by_word: defaultdict[str, list[Rule]] = defaultdict(list)
    by_beginning: defaultdict[str, list[tuple[str, Rule]]] = defaultdict(list)  # by its first two letters
    without: list[Rule] = []
    for rule in rules:
        for part in rule.gate:
            if part.is_open:
                by_beginning[part.letters[:2]].append((part.letters, rule))
            else:
                by_word[part.letters].append(rule)
        if not rule.gate:
            without.append(rule)
    found: dict[str, list[str]] = {}
    place = {rule.spec.name: number for number, rule in enumerate(rules)}
    for rule in rules:
        # A rule that finds all that this one does passes an article by one of this one's words.
        candidates = {id(other): other for other in without}
        for word in _words(rule):
            begins = (other for letters, other in by_beginning.get(word[:2], ()) if word.startswith(letters))
            candidates.update((id(other), other) for other in chain(by_word.get(word, ()), begins))
        for other in candidates.values():
            if other is rule or not _shadowed(rule, by=other):
                continue
            alike = _shadowed(other, by=rule)
            if alike and place[other.spec.name] > place[rule.spec.name]:
                continue  # of two that are alike the later one is named
            found[rule.spec.name] = [
                f'does the same as the rule "{other.spec.name}". Remove one of them'
                if alike
                else f'finds only what the rule "{other.spec.name}" finds too, and tells the same people: they hear '
                "of it twice. Remove one of them, or give one another channel"
            ]
            break
    return found


def _words(rule: Rule) -> set[str]:
    roots = [node for node, _ in rule.scores] + ([] if rule.query is None else [rule.query])
    terms = (node for root in roots for node in nodes_of(root) if isinstance(node, Term))
    return {part.letters for term in terms for part in term.parts}


def _shadowed(rule: Rule, *, by: Rule) -> bool:
    spec, other = rule.spec, by.spec
    return (
        set(spec.channels) <= set(other.channels)
        and bool(spec.channels)
        and (spec.digest, spec.priority, spec.times) == (other.digest, other.priority, other.times or spec.times)
        and (other.until is None or (spec.until is not None and spec.until <= other.until))
        and _is_wider(other.feeds, spec.feeds)
        and _is_wider(other.tags, spec.tags)
        and _is_wider(other.countries, spec.countries)
        and (not other.languages or _all_covered(spec.languages, other.languages))
        and _scores_imply(rule, by)
        and (by.query is None or (rule.query is not None and implies(rule.query, by.query)))
    )


def _is_wider(other: Sequence[str], own: Sequence[str]) -> bool:
    return not other or (bool(own) and set(own) <= set(other))


def _all_covered(languages: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whether each language is one of those wanted, or a kind of one: fr-CA of fr."""
    return bool(languages) and all(
        any(f"{language}-".lower().startswith(f"{tag}-".lower()) for tag in wanted) for language in languages
    )


def _scores_imply(rule: Rule, other: Rule) -> bool:
    if not other.scores:
        return True
    return (
        rule.scores == other.scores
        and rule.spec.title_weight == other.spec.title_weight
        and (rule.spec.threshold or 0.0) >= (other.spec.threshold or 0.0)
    )


# ── words ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def words_wanted(rules: Sequence[Rule], aliases: Aliases) -> dict[Part, list[str]]:
    """The words that the enabled rules ask for, with the rules that do.

    Not among them: words that must be absent or count against, forms of an alias (most are in languages that no feed
    has), words of the other fields, and stems.
    """
    wanted: dict[Part, list[str]] = {}
    forms = aliases.used()
    for rule in rules:
        if not rule.spec.enabled:
            continue
        roots = [node for node, weight in rule.scores if weight > 0] + ([] if rule.query is None else [rule.query])
        for part in dict.fromkeys(part for root in roots for part in _parts(root, forms)):
            wanted.setdefault(part, []).append(rule.spec.name)
    return wanted


def _parts(node: Node, forms: frozenset[Term]) -> Iterator[Part]:
    match node:
        case Term(parts, field):
            if field in (None, "title", "text") and Term(parts) not in forms:
                # A number need not have come up yet, and characters of scripts without spaces stand everywhere.
                plain = (part for part in parts if part.stem is None and len(part.letters) > 1)
                yield from (Part(part.letters, part.is_open) for part in plain if not part.letters[0].isdecimal())
        case And(nodes) | Or(nodes):
            for inner in nodes:
                yield from _parts(inner, forms)
        case Near(left, right):
            yield from _parts(left, forms)
            yield from _parts(right, forms)
        case Count(inner) | First(node=inner) | In(node=inner):
            yield from _parts(inner, forms)
        case Not() | Has() | Regex():
            return
