"""`monitor rules bench`: what the rules cost an article, and which of them cost most."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from time import perf_counter
from typing import TYPE_CHECKING

import click

from monitor import show
from monitor.cli.session import Session, json_option, pass_session
from monitor.search import by_key, documents_of

if TYPE_CHECKING:
    from monitor.rules import Document, Rule, RuleSet

_SLOWEST = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCost:
    """What one rule costs; the fields are keys of `monitor rules bench --json`."""

    rule: str
    share: float  # of the time all rules take on articles that are read already
    microseconds: float  # an article, on average
    held_against: int  # articles that hold a word it needs
    matches: int
    always: bool  # held against every article: no word that must be there could be looked up


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What the rules cost together."""

    articles: int
    rules: int
    words: float  # different ones in an article, on average
    compile_ms: float  # all rules, once at each start and reload
    read_ms: float  # an article: its words, before any rule
    match_ms: float  # an article: all rules, with what they need to know of it beside its words
    rules_an_article: float  # held against it, on average
    slowest: tuple[RuleCost, ...]


@click.command("bench")
@click.option(
    "--articles", type=click.IntRange(1), default=500, show_default=True, help="Match so many of the latest articles."
)
@json_option
@pass_session
def rules_bench(session: Session, articles: int, as_json: bool) -> int:
    """How long the rules take on the archive's latest articles, and which of them take longest."""
    from monitor.rules import RuleSet

    config = session.config
    feeds = by_key(config.feeds)
    with session.reading() as archive:
        rows = list(islice(archive.search(None), articles))
    begun = perf_counter()
    rules = RuleSet.of(config.rules, config.aliases)
    compiled = perf_counter() - begun
    if not rows or not rules.rules:
        show.note(
            "the archive holds no articles yet" if not rows else "the configuration has no rules that are enabled"
        )
        return 1
    for _ in range(2):  # the daemon knows most words from the articles before
        begun = perf_counter()
        documents = [next(documents_of(row, feeds)) for row in rows]
        words = sum(len(document.words) for document in documents)  # they are read when they are asked for
        read = perf_counter() - begun
        begun = perf_counter()
        for document in documents:
            rules.match(document)
        matched = perf_counter() - begun
    costs, held = _costs(rules, documents)
    bench = Bench(
        articles=len(rows),
        rules=len(rules.rules),
        words=round(words / len(rows), 1),
        compile_ms=round(compiled * 1e3, 1),
        read_ms=round(read / len(rows) * 1e3, 3),
        match_ms=round(matched / len(rows) * 1e3, 3),
        rules_an_article=round(held / len(rows), 1),
        slowest=costs[:_SLOWEST],
    )
    if as_json:
        show.as_json(bench)
    else:
        _print(bench, [cost.rule for cost in costs if cost.always])
    return 0


def _costs(rules: RuleSet, documents: list[Document]) -> tuple[tuple[RuleCost, ...], int]:
    """Each rule's cost, dearest first, and how often one was held against an article.

    The documents have been matched before, so what several rules need of one is charged to none of them.
    """
    spent: defaultdict[str, float] = defaultdict(float)
    held: Counter[str] = Counter()
    matches: Counter[str] = Counter()
    for document in documents:
        for rule in rules.held_against(document):
            begun = perf_counter()
            match = rule.match(document) if rule.is_for(document) else None
            spent[rule.spec.name] += perf_counter() - begun
            held[rule.spec.name] += 1
            matches[rule.spec.name] += match is not None
    whole = sum(spent.values()) or 1.0
    costs = [_cost(rule, spent, held, matches, whole, len(documents)) for rule in rules.rules]
    return tuple(sorted(costs, key=lambda cost: -cost.microseconds)), held.total()


def _cost(
    rule: Rule, spent: Mapping[str, float], held: Counter[str], matches: Counter[str], whole: float, articles: int
) -> RuleCost:
    name = rule.spec.name
    return RuleCost(
        rule=name,
        share=round(spent[name] / whole, 3),
        microseconds=round(spent[name] / articles * 1e6, 1),
        held_against=held[name],
        matches=matches[name],
        always=not rule.needs.rarest,
    )


def _print(bench: Bench, always: list[str]) -> None:
    show.line(
        f"{show.counted(bench.articles, 'article')} of {bench.words:.0f} different words on average,"
        f" {show.counted(bench.rules, 'rule')}, compiled in {bench.compile_ms:g} ms"
    )
    show.line(
        f"an article takes {bench.read_ms + bench.match_ms:.2f} ms: {bench.read_ms:.2f} to read,"
        f" {bench.match_ms:.2f} to match"
    )
    show.line(f"it is held against {bench.rules_an_article:g} of the rules on average")
    show.line()
    show.table(
        ["rule", "share", "µs an article", "held against", "matches"],
        (
            (cost.rule, f"{cost.share:.0%}", f"{cost.microseconds:.1f}", cost.held_against, cost.matches)
            for cost in bench.slowest
        ),
        right=("share", "µs an article", "held against", "matches"),
    )
    if always:
        show.line()
        show.paragraph(
            f"held against every article: {', '.join(always)}. Nothing in them is a word that must stand in title or"
            " text, only a regular expression, a field or a value. Beside it, ask for a word that every wanted article"
            " holds: /Ukr[a-z]+ian/ AND ukr*"
        )
