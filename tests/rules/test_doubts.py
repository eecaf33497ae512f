"""What `monitor check` finds doubtful in rules that are written correctly."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from monitor.model import RuleSpec
from monitor.rules import Aliases, Rule, compile_rule
from monitor.rules.doubts import doubts, words_wanted
from tests.factories import a_feed

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
FEEDS = [a_feed(key="monde", tags=("presse",), country="FR"), a_feed(key="times", tags=("press", "war"), country="GB")]
ALIASES = Aliases({"OTAN": ["OTAN", "Alliance atlantique"]})


def a_rule(name: str, query: str | None = None, **given: Any) -> Rule:
    return compile_rule(RuleSpec(name=name, query=query, channels=given.pop("channels", ("desk",)), **given), ALIASES)


def said(*rules: Rule) -> list[tuple[str, str]]:
    return [(doubt.rule, doubt.message) for doubt in doubts(rules, FEEDS, NOW, "Europe/Paris")]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"query": "ukraine -ukrain*"}, "can never match: no article satisfies both ukraine and -ukrain*"),
        ({"query": "ukraine", "none": ("ukr*",)}, "can never match: no article satisfies both ukraine and -ukr*"),
        ({"all": ("lang:fr", "lang:de", "x")}, "can never match: no article satisfies both lang:fr and lang:de"),
        (
            {"query": "ukraine lang:de", "languages": ("fr", "en")},
            "can never match: it asks for lang:de, and is for fr, en (languages)",
        ),
        (
            {"query": "ukraine country:GB", "countries": ("FR",)},
            "can never match: it asks for country:gb, and is for FR (countries)",
        ),
        (
            {"query": "ukraine feed:tim*", "feeds": ("monde",)},
            "can never match: it asks for feed:tim*, and is for monde (feeds)",
        ),
        ({"query": "ukraine feed:lemonde"}, "asks for feed:lemonde, and no feed has it"),
        ({"query": "ukraine OR country:DE x"}, "asks for country:de, and no feed has it"),
        (
            {"query": "ukraine", "feeds": ("monde",), "tags": ("war",)},
            "is for no feed: none has what feeds and tags ask for. Correct them, or the feeds",
        ),
        (
            {"query": "ukraine", "countries": ("DE",)},
            "is for no feed: none has what countries ask for. Correct them, or the feeds",
        ),
        (
            {"query": "ukraine", "until": datetime(2026, 11, 21, 23, tzinfo=UTC)},
            "has been over since 2026-11-22 00:00 (until). Remove it, or give it another end",
        ),
        ({"query": "/.*/"}, "/.*/ finds something in every text. Write what is looked for, or leave it out"),
        (
            {"score": (("/(?s)./", 5.0),), "threshold": 5.0},
            "/(?s)./ finds something in every text. Write what is looked for, or leave it out",
        ),
    ],
)
def test_a_rule_that_never_or_always_matches_is_named_with_its_reason(given: dict[str, Any], message: str) -> None:
    assert said(a_rule("r", **given)) == [("r", message)]


@pytest.mark.parametrize(
    "given",
    [
        {"query": "ukraine -iran"},
        {"query": "lang:und ukraine", "languages": ("fr",)},
        {"query": "lang:fr ukraine", "languages": ("fr-CA",)},
        {"query": "tag:economie ukraine"},  # an entry may have it
        {"query": "ukraine feed:mon*", "feeds": ("monde",)},
        {"query": "ukraine", "until": datetime(2026, 11, 23, tzinfo=UTC)},
        {"query": "/[a-z]+/"},
        {"query": "ukraine -ukrain*", "enabled": False},
    ],
)
def test_nothing_is_said_of_a_rule_that_can_match(given: dict[str, Any]) -> None:
    assert said(a_rule("r", **given)) == []


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        ({"query": "ukrain*"}, {"query": "Ukraine NEAR/5 guerre"}),
        ({"query": "@OTAN"}, {"query": '"alliance atlantique"'}),
        ({"query": "ukraine"}, {"query": "ukraine", "feeds": ("monde",)}),
        ({"query": "ukraine", "languages": ("fr",)}, {"query": "ukraine", "languages": ("fr-CA",)}),
        ({"query": "ukraine", "channels": ("desk", "chief")}, {"query": "ukraine paix"}),
        (
            {"score": (("ukraine", 5.0),), "threshold": 4.0},
            {"score": (("ukraine", 5.0),), "threshold": 5.0},
        ),
        ({"query": "feed:monde"}, {"query": "feed:monde ukraine"}),  # nothing to look it up by
        ({"query": "ukr*"}, {"any": ("ukrainien*", "ukraine")}),
    ],
)
def test_a_rule_that_finds_only_what_another_finds_is_named(wide: dict[str, Any], narrow: dict[str, Any]) -> None:
    for order in ([a_rule("wide", **wide), a_rule("narrow", **narrow)],) * 2:
        assert [(rule, message.split(":")[0]) for rule, message in said(*order)] == [
            ("narrow", 'finds only what the rule "wide" finds too, and tells the same people')
        ]
        order.reverse()


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        ({"query": "ukrain*"}, {"query": "ukraine OR iran"}),
        ({"query": "ukraine"}, {"query": "ukraine paix", "channels": ("chief",)}),
        ({"query": "ukraine"}, {"query": "ukraine paix", "channels": ()}),
        ({"query": "ukraine", "digest": "morning"}, {"query": "ukraine paix"}),
        ({"query": "ukraine"}, {"query": "ukraine paix", "priority": "high"}),
        ({"query": "ukraine", "feeds": ("times",)}, {"query": "ukraine paix"}),
        ({"query": "ukraine", "languages": ("de",)}, {"query": "ukraine paix", "languages": ("fr",)}),
        ({"query": "ukraine", "until": datetime(2027, 1, 1, tzinfo=UTC)}, {"query": "ukraine paix"}),
        ({"query": "ukraine", "enabled": False}, {"query": "ukraine paix"}),
        ({"score": (("ukraine", 5.0),), "threshold": 5.0}, {"query": "ukraine"}),
    ],
)
def test_a_rule_that_tells_something_else_or_someone_else_is_not_named(
    wide: dict[str, Any], narrow: dict[str, Any]
) -> None:
    assert said(a_rule("wide", **wide), a_rule("narrow", **narrow)) == []


def test_of_two_rules_that_are_alike_the_later_one_is_named() -> None:
    assert said(a_rule("first", "ukraine OR iran"), a_rule("second", "Iran OR Ukraine")) == [
        ("second", 'does the same as the rule "first". Remove one of them')
    ]


def test_the_words_that_must_be_there_are_asked_after() -> None:
    rules = [
        a_rule("one", 'Ukrain* NEAR/3 (guerre OR @OTAN) -foot "Alliance nouvelle" author:petit ~élire 2026 G20 北约'),
        a_rule("two", score=(("guerre", 3.0), ("sport", -3.0)), threshold=3.0),
        a_rule("off", "absent", enabled=False),
    ]

    wanted = {part.letters + "*" * part.is_open: names for part, names in words_wanted(rules, ALIASES).items()}

    assert wanted == {
        "ukrain*": ["one"],
        "guerre": ["one", "two"],
        "alliance": ["one"],
        "nouvelle": ["one"],
        "g20": ["one"],
    }
