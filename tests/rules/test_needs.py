"""Looked up by what they need, rules find what each would find alone, and most are not even tried."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from random import Random

import pytest

from monitor.errors import RuleError
from monitor.model import RuleSpec
from monitor.rules import Document, RuleSet, compile_rule, document_of
from monitor.rules.ruleset import Rule
from tests.examples import TIMES
from tests.factories import a_rule
from tests.rules.chance import Feed, a_feed_by_chance, a_query, an_article_by_chance

FEEDS = 24
ARTICLES = 12  # of each
RULES = 60 * TIMES  # about each


def a_spec(chance: Random, feed: Feed, number: int) -> RuleSpec:
    """A rule of each make in turn: a query, lists, scores, scores beside a query."""

    def query() -> str:
        return a_query(chance, feed)

    scores = tuple((query(), chance.choice((-0.5, 0.1, 0.2, 0.3, 0.7))) for _ in range(chance.randint(2, 5)))
    weighed = {
        "score": scores,
        "threshold": chance.choice((0.1, 0.3, 0.5, 0.8, 1.1)),
        "title_weight": chance.choice((1.0, 1.0, 3.0)),
    }
    name = f"rule {number}"
    match number % 4:
        case 0:
            return a_rule(name=name, query=query())
        case 1:
            return a_rule(name=name, query=None, any=(query(), query()), all=(query(),), none=(query(),))
        case 2:
            return a_rule(name=name, query=None, **weighed)
        case _:
            return a_rule(name=name, query=query(), **weighed)


def rules_by_chance(chance: Random, feed: Feed) -> Iterator[Rule]:
    """Rules that load, without end."""
    number = 0
    while True:
        number += 1
        try:
            yield compile_rule(a_spec(chance, feed, number), feed.aliases)
        except RuleError:
            continue


def test_all_rules_at_once_find_what_each_finds_alone() -> None:
    tried = matching = pairs = 0
    differing = []
    for number in range(FEEDS):
        chance = Random(number)
        feed = a_feed_by_chance(chance, number)
        rules = list(islice(rules_by_chance(chance, feed), RULES))
        together = RuleSet(rules)
        for index in range(ARTICLES):
            article, known = an_article_by_chance(chance, feed, index)
            document = document_of(article, feed.outlet, known.language)
            alone = tuple(rule.match(document) for rule in rules if rule.is_for(document))
            found = together.match(document)
            if found != tuple(match for match in alone if match is not None):
                differing.append((article.title, article.text, found, alone))
            pairs += RULES
            tried += len(together.held_against(document))
            matching += len(found)

    assert differing == []
    assert matching > 0.1 * pairs
    assert tried < 0.7 * pairs  # a lookup that lets everything through would find the same


@pytest.mark.parametrize(
    ("query", "text"),
    [
        pytest.param('"peace talks"', "talks of peace", id="words of a phrase that stand apart"),
        pytest.param(
            '"peace talks in Geneva"', "peace talks in Bern, not in Geneva", id="only the beginning of a phrase"
        ),
        pytest.param("peace NEAR/2 talks", "peace only", id="one side of NEAR"),
        pytest.param("peace talks war", "war and peace", id="some words of several"),
        pytest.param("(peace OR truce) (war OR battle)", "war, battle", id="one group of two"),
        pytest.param("title:peace", "peace", id="a word of the title that stands in the text"),
        pytest.param("peac* talk*", "peaceful", id="one beginning of two"),
        pytest.param("first(5): (peace talks)", "peace", id="within the first words"),
        pytest.param("count(peace) >= 2 AND talks", "peace, peace", id="beside a count"),
        pytest.param("~negotiations peace", "peace", id="a stem that is not there"),
        pytest.param("@talks peace", "peace", id="an alias that is not there"),
    ],
)
def test_a_rule_is_not_even_tried_without_all_that_it_needs(query: str, text: str) -> None:
    rules = RuleSet([compile_rule(a_rule(query=query), {"talks": ["talks", "peace conference"]})])

    assert rules.held_against(Document.of("Today", text, language="en")) == []


@pytest.mark.parametrize(
    ("score", "threshold", "text"),
    [
        pytest.param({"zeta": 2.3, "delta": 0.3}, 0.3, "delta", id="2.6 - 2.3 is 0.3"),
        pytest.param({"alpha": 0.7, "beta": 0.1, "gamma": 0.3}, 1.1, "alpha beta gamma", id="0.7 + 0.1 + 0.3 is 1.1"),
        pytest.param({"alpha": 0.1, "beta": 0.2, "gamma": -0.1}, 0.2, "alpha beta gamma", id="0.1 + 0.2 - 0.1 is 0.2"),
    ],
)
def test_decimals_add_up_as_people_reckon(score: dict[str, float], threshold: float, text: str) -> None:
    rule = compile_rule(a_rule(query=None, score=tuple(score.items()), threshold=threshold), {})

    assert rule.match(Document.of("", text)) is not None
    assert RuleSet([rule]).match(Document.of("", text)) != ()


def test_scores_are_not_tried_where_what_is_there_cannot_come_to_the_threshold() -> None:
    spec = a_rule(query=None, score=(("peace", 5.0), ("talks", 5.0), ("war", 3.0)), threshold=10.0)
    rules = RuleSet([compile_rule(spec, {})])

    assert rules.held_against(Document.of("Peace", "No war.")) == []
    assert len(rules.held_against(Document.of("Peace", "The talks."))) == 1
