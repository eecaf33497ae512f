"""A rule is held against the articles it is for, while it is in force, and says what it found and what it weighs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time
from typing import Any

import pytest

from monitor.errors import RuleError
from monitor.model import Match, Outlet, RuleFailure, RuleSpec, Window
from monitor.rules import Document, RuleSet, compile_rule
from monitor.rules.ruleset import Rule
from tests.factories import a_rule

ALIASES = {"OTAN": ["OTAN", "NATO"]}
PRESS = Outlet(feed="gazette", title="Gazette", tags=("press",), country="FR")


def window(start: int, end: int, *, days: Iterable[int] = range(5)) -> Window:
    """Whole hours in Paris."""
    last = time.max if end == 24 else time(end)
    return Window(days=frozenset(days), start=time(start), end=last, timezone="Europe/Paris")


def matches(spec: RuleSpec, text: str, *, title: str = "", at: datetime | None = None, **given: Any) -> Match | None:
    """What a rule finds in an article of the French feed gazette, tagged press, in French."""
    document = Document.of(title, text, **{"outlet": PRESS, "language": "fr"} | given)
    found = RuleSet.of([spec], ALIASES).match(document, at=at)
    return found[0] if found else None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("OTAN Kyiv", True, id="all and one of any"),
        pytest.param("OTAN", False, id="none of any"),
        pytest.param("Kyiv", False, id="not all"),
        pytest.param("OTAN Kiev football", False, id="one of none"),
    ],
)
def test_lists_say_the_same_as_a_query(text: str, expected: bool) -> None:
    lists = a_rule(query=None, all=("@OTAN",), any=("Kyiv", '"Kiev" OR Lviv'), none=("football",))
    query = a_rule(query='@OTAN (Kyiv OR "Kiev" OR Lviv) -football')
    mixed = a_rule(query="@OTAN -football", any=("Kyiv", "Kiev", "Lviv"))

    assert [bool(matches(spec, text)) for spec in (lists, query, mixed)] == [expected] * 3


@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param({"none": ("football",)}, "only what must be absent", id="only what must be absent"),
        pytest.param({"any": ("Kyiv", "-football")}, "only what must be absent", id="on one side of an or"),
        pytest.param({}, "looks for nothing", id="nothing"),
        pytest.param({"score": (("a", 5.0),), "threshold": 6.0}, "never reach the threshold 6", id="weights too small"),
        pytest.param({"score": (("a", 5.0),), "threshold": 0.0}, "absent", id="a threshold that is reached by nothing"),
        pytest.param({"score": (("-a", 5.0), ("b", 1.0)), "threshold": 5.0}, "absent", id="weight of an absence"),
    ],
)
def test_a_rule_that_would_match_nearly_everything_or_nothing_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(RuleError, match=message):
        compile_rule(a_rule(query=None, **given), {})


def test_an_item_may_say_only_what_is_absent_when_the_rule_asks_for_more() -> None:
    spec = a_rule(all=("-football", "-handball"))

    assert matches(spec, "Ukraine")
    assert not matches(spec, "Ukraine football")


@pytest.mark.parametrize(
    ("scope", "place", "expected"),
    [
        pytest.param({}, {}, True, id="no scope"),
        pytest.param({"feeds": ("gazette", "herald")}, {}, True, id="its feed"),
        pytest.param({"feeds": ("herald",)}, {}, False, id="another feed"),
        pytest.param({"tags": ("radio", "press")}, {}, True, id="one of its tags"),
        pytest.param({"tags": ("radio",)}, {}, False, id="another tag"),
        pytest.param({"feeds": ("gazette",), "tags": ("radio",)}, {}, False, id="feed and tag must both fit"),
        pytest.param({"tags": ("news",)}, {"categories": ("news",)}, False, id="a category of the entry is no tag"),
        pytest.param({"languages": ("de", "fr")}, {}, True, id="one of its languages"),
        pytest.param({"languages": ("de",)}, {}, False, id="another language"),
        pytest.param({"languages": ("fr",)}, {"language": "fr-FR"}, True, id="a country of its language"),
        pytest.param({"languages": ("fr-CA",)}, {"language": "fr"}, True, id="its language, country unknown"),
        pytest.param({"languages": ("fr-CA",)}, {"language": "fr-FR"}, False, id="another country of it"),
        pytest.param({"languages": ("fr",)}, {"language": "fry"}, False, id="a language that only begins so"),
        pytest.param({"languages": ("FR",)}, {"language": "fr"}, True, id="tags know no case"),
        pytest.param({"languages": ("de",)}, {"language": "und"}, True, id="an unknown language excludes nothing"),
        pytest.param({"countries": ("FR", "BE")}, {}, True, id="its country"),
        pytest.param({"countries": ("BE",)}, {}, False, id="another country"),
        pytest.param({"countries": ("FR",)}, {"outlet": Outlet(feed="gazette")}, False, id="a country not known"),
        pytest.param({"enabled": False}, {}, False, id="switched off"),
    ],
)
def test_a_rule_matches_within_its_scope(scope: dict[str, Any], place: dict[str, Any], expected: bool) -> None:
    assert bool(matches(a_rule(**scope), "Ukraine", **place)) == expected


@pytest.mark.parametrize(
    ("given", "at", "expected"),
    [
        pytest.param({"until": datetime(2026, 3, 1, tzinfo=UTC)}, "2026-02-28T23:59", True, id="before its end"),
        pytest.param({"until": datetime(2026, 3, 1, tzinfo=UTC)}, "2026-03-01T00:00", False, id="at its end"),
        pytest.param({"times": (window(7, 20),)}, "2026-03-02T06:30", True, id="in"),
        pytest.param({"times": (window(7, 20),)}, "2026-03-02T19:00", False, id="out"),
        pytest.param({"times": (window(7, 20),)}, "2026-03-01T12:00", False, id="a Sunday"),
        pytest.param(
            {"times": (window(22, 6, days=[4]),)},
            "2026-03-07T04:30",
            True,
            id="a night",
        ),
        pytest.param(
            {"times": (window(22, 6, days=[4]),)},
            "2026-03-06T04:30",
            False,
            id="not its",
        ),
        pytest.param(
            {"times": (window(0, 24, days=range(7)),)},
            "2026-03-06T22:59",
            True,
            id="all day",
        ),
    ],
)
def test_a_rule_is_in_force_for_articles_seen_in_its_time(given: dict[str, Any], at: str, expected: bool) -> None:
    spec = a_rule(**given)

    assert bool(matches(spec, "Ukraine", at=datetime.fromisoformat(at).replace(tzinfo=UTC))) == expected
    assert matches(spec, "Ukraine")  # where no time is asked about, it is in force


SCORED = {
    "query": None,
    "score": (("OTAN", 10.0), ("guerre", 5.0), ("football", -20.0), ("ukrain*", 2.0)),
    "threshold": 12.0,
}


@pytest.mark.parametrize(
    ("title", "text", "score"),
    [
        pytest.param("", "OTAN et guerre", 15.0, id="above"),
        pytest.param("", "OTAN ukrainien ukrainienne", 12.0, id="just reached, each term once"),
        pytest.param("", "OTAN OTAN OTAN", None, id="a term does not add up"),
        pytest.param("", "guerre ukrainienne", None, id="too little"),
        pytest.param("", "OTAN, guerre, football", None, id="a weight below nothing"),
        pytest.param("OTAN", "", 20.0, id="the title counts twice"),
        pytest.param("OTAN", "OTAN", 20.0, id="also when the text says it too"),
        pytest.param("OTAN football", "", None, id="what is against it counts twice there, too"),
    ],
)
def test_weights_add_up_to_the_threshold(title: str, text: str, score: float | None) -> None:
    found = matches(a_rule(**SCORED, title_weight=2.0), text, title=title)

    assert (found.score if found else None) == score


def test_what_weighs_is_marked_and_what_speaks_against_is_not() -> None:
    found = matches(a_rule(**SCORED), "OTAN, guerre, ukrainien; pas de football".replace("football", "foot"), title="")

    assert found
    assert marked(found)[1] == ["OTAN", "guerre", "ukrainien"]


def test_weights_and_a_query_must_both_hold() -> None:
    spec = a_rule(**SCORED | {"query": "Paris"})

    assert matches(spec, "OTAN guerre Paris")
    assert not matches(spec, "OTAN guerre")
    assert not matches(spec, "OTAN Paris")


def test_a_match_in_the_title_weighs_what_the_rule_says() -> None:
    spec = a_rule(title_weight=3.0)

    assert [found and found.score for found in (matches(spec, "Ukraine"), matches(spec, "", title="Ukraine"))] == [1, 3]


def test_matches_come_in_configuration_order_with_their_excerpts() -> None:
    specs = [
        a_rule(name="z", query="Ukraine"),
        a_rule(name="m", query="Iran"),
        a_rule(name="a", query="l'OTAN OR OTAN"),
    ]

    found = RuleSet.of(specs, {}).match(Document.of("Pour l’OTAN", "Rien de neuf.\nL’Ukraine attend.", language="fr"))

    assert [match.rule for match in found] == ["z", "a"]
    assert marked(found[0]) == ("Rien de neuf. L’Ukraine attend.", ["Ukraine"])
    assert marked(found[1]) == ("Pour l’OTAN", ["l’OTAN"])


def marked(match: Match) -> tuple[str, list[str]]:
    """An excerpt, and what is marked in it."""
    return match.excerpt.text, [match.excerpt.text[start:end] for start, end in match.excerpt.marks]


@pytest.mark.parametrize("query", ["/war/", "feed:gazette", "tag:press", "author:smith", "source:gazette", "~wars"])
def test_rules_without_a_word_to_be_looked_up_by_are_held_against_articles(query: str) -> None:
    assert matches(a_rule(query=query), "At war.", author="John Smith", language="en")


def test_a_rule_that_fails_keeps_no_other_from_the_article(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = RuleSet.of([a_rule(name="broken", query="OTAN"), a_rule(name="sound", query="Kyiv")], ALIASES)
    works = Rule.match

    def fails(rule: Rule, document: Document) -> Match | None:
        if rule.spec.name == "broken":
            raise RecursionError("too\ndeep")
        return works(rule, document)

    monkeypatch.setattr(Rule, "match", fails)

    found, failures = rules.judge(
        Document.of("", "OTAN Kyiv", outlet=PRESS, language="fr"), at=datetime(2026, 11, 22, tzinfo=UTC)
    )

    assert [match.rule for match in found] == ["sound"]
    assert failures == (RuleFailure(rule="broken", error="RecursionError: too deep"),)
