"""Why a rule matched or did not: each row a query, and what is said of it."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

import pytest
from hypothesis import given

from monitor.model import Outlet, RuleSpec, Window
from monitor.rules import Document, compile_rule
from monitor.rules.explaining import out_of_scope, reasons
from monitor.rules.ruleset import Rule
from monitor.rules.tree import Node, Part, Term
from tests.examples import repeatable
from tests.rules.test_evaluate import documents, trees

ALIASES: dict[str, Any] = {
    "OTAN": ["OTAN", "NATO", "Alliance atlantique"],
    "POIDS": {"fr": ["poids"], "de": ["Gewicht"]},
}
TITLE = "L’OTAN réunit ses ministres"
TEXT = "Les ministres parlent de l’Ukraine. Le poids de la guerre est lourd.\nUne alliance, dite atlantique : otan."


def a_document(**given: Any) -> Document:
    """An article in French of the gazette, a French feed."""
    outlet = Outlet(feed="gazette", title="La Gazette", tags=("press",), country="FR")
    values = {"author": "Anna Petit", "link": "https://news.example/monde/1", "language": "fr", "outlet": outlet}
    return Document.of(TITLE, TEXT, **(values | given))


def told(rule: Rule, document: Document) -> list[str]:
    """Each reason on a line: part, why, and the words it names."""
    texts = {"title": document.title, "text": document.text}
    lines = []
    for reason in reasons(rule, document):
        words = ", ".join(texts[span.field][span.start : span.end] for span in reason.spans)
        lines.append(f"{reason.part}  {reason.why}" + (f": {words}" if words else ""))
    return lines


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param("ukraine", ["ukraine  is there: Ukraine"], id="a word"),
        pytest.param(
            "minist* ukraine",
            ["minist*  is there: ministres, ministres", "ukraine  is there: Ukraine"],
            id="each side of an AND",
        ),
        pytest.param("guerre OR paix", ["guerre  is there: guerre"], id="of an OR the side that is there"),
        pytest.param("otan NEAR/1 réunit", ["otan NEAR/1 reunit  is there: OTAN, réunit"], id="both sides of NEAR"),
        pytest.param(
            "ukraine -football",
            ["ukraine  is there: Ukraine", "-football  holds: football is absent"],
            id="what is absent, as it must be",
        ),
        pytest.param(
            "ukraine author:petit",
            ["ukraine  is there: Ukraine", "author:petit  is in the author"],
            id="a field that is not shown",
        ),
        pytest.param("ukraine lang:fr", ["ukraine  is there: Ukraine", "lang:fr  is so: fr"], id="a value"),
        pytest.param("count(otan) >= 2", ["count(otan) >= 2  stands there 2 times: OTAN, otan"], id="how often"),
        pytest.param("/minis[a-z]+/", ["/minis[a-z]+/  is there: ministres, ministres"], id="a regular expression"),
        pytest.param("@POIDS", ["poids  is there: poids"], id="the form of an alias in the article's language"),
    ],
)
def test_of_a_match_everything_found_is_told(query: str, expected: list[str]) -> None:
    rule = compile_rule(RuleSpec(name="r", query=query), ALIASES)

    assert rule.match(a_document()) is not None
    assert told(rule, a_document()) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param("football", ["football  is not there"], id="a word"),
        pytest.param(
            "ukraine football -guerre",
            ["football  is not there", "-guerre  fails: guerre is there: guerre"],
            id="of an AND each side that fails",
        ),
        pytest.param("tennis OR golf", ["tennis OR golf  none of them is there"], id="the sides of an OR in one line"),
        pytest.param(
            "tennis OR title:ukraine",
            ["tennis  is not there", "title:ukraine  is not in the title, only elsewhere: Ukraine"],
            id="but not those that are nearly there",
        ),
        pytest.param("author:grand", ["author:grand  is not so: Anna Petit"], id="an author"),
        pytest.param("source:courier", ["source:courier  is not so: La Gazette news.example"], id="a source"),
        pytest.param(
            '"Alliance atlantique"',
            ['"alliance atlantique"  its words are there, but not in a row: alliance, atlantique'],
            id="a phrase whose words are apart",
        ),
        pytest.param(
            "ministres BEFORE/1 ukraine",
            ["ministres BEFORE/1 ukraine  both are there, 3 words apart at the closest: ministres, Ukraine"],
            id="too far apart",
        ),
        pytest.param(
            "guerre BEFORE/9 ukraine",
            ["guerre BEFORE/9 ukraine  both are there, but not in this order: Ukraine, guerre"],
            id="in the other order",
        ),
        pytest.param(
            "réunit NEAR/5 guerre",
            ["reunit NEAR/5 guerre  one is in the title only, the other in the text only: réunit, guerre"],
            id="in two fields",
        ),
        pytest.param(
            "ukraine NEAR/s guerre",
            ["ukraine NEAR/s guerre  both are there, but never in one sentence: Ukraine, guerre"],
            id="in two sentences",
        ),
        pytest.param(
            "guerre NEAR/p dite",
            ["guerre NEAR/p dite  both are there, but never in one paragraph: guerre, dite"],
            id="in two paragraphs",
        ),
        pytest.param(
            "guerre NEAR/5 guerre",
            ["guerre NEAR/5 guerre  both are there, but only in one place: guerre"],
            id="one place is not two",
        ),
        pytest.param("tennis NEAR/5 guerre", ["tennis  is not there"], id="of NEAR the side that is missing"),
        pytest.param("count(otan) > 2", ["count(otan) > 2  stands there 2 times: OTAN, otan"], id="too seldom"),
        pytest.param(
            "first(5): guerre", ["first(5): guerre  stands behind the first 5 words only: guerre"], id="too far down"
        ),
        pytest.param("lang:en", ["lang:en  is not so: fr"], id="another language"),
        pytest.param("tag:sport", ["tag:sport  is not so: press"], id="another tag"),
        pytest.param("country:DE", ["country:de  is not so: fr"], id="another country"),
        pytest.param("/Gu[0-9]/", ["/Gu[0-9]/  finds nothing in title and text"], id="a regular expression"),
        pytest.param("@OTAN NEAR/2 tennis", ["tennis  is not there"], id="an alias that is there"),
    ],
)
def test_of_no_match_what_decided_is_told(query: str, expected: list[str]) -> None:
    rule = compile_rule(RuleSpec(name="r", query=query), ALIASES)

    assert rule.match(a_document()) is None
    assert told(rule, a_document()) == expected


def test_a_form_that_counts_in_another_language_only_is_told_of() -> None:
    rule = compile_rule(RuleSpec(name="r", query="@POIDS"), {"POIDS": {"de": ["poids"]}})

    assert told(rule, a_document()) == ["poids  counts only in articles in de; this one is in fr"]


def test_a_word_in_other_spelling_is_told_of() -> None:
    node = Term((Part("ministres", exact="Ministres"),))

    why = told(Rule(RuleSpec(name="r"), node, ()), a_document())

    assert why == ["=Ministres  is there, but not written so: ministres, ministres"]


def test_weights_that_count_and_their_sum_are_told() -> None:
    spec = RuleSpec(name="r", score=(("OTAN", 10), ("guerre", 5), ("football", -20)), threshold=12, title_weight=2)

    assert told(compile_rule(spec, {}), a_document()) == [
        "otan  counts +20 (+10, and in the title 2 times): OTAN, otan",
        "guerre  counts +5: guerre",
        "score  25 reaches the threshold 12",
    ]


def test_of_a_sum_too_small_what_is_missing_is_told() -> None:
    spec = RuleSpec(name="r", query="ukraine", score=(("guerre", 5), ("paix", 9), ("poids", -2)), threshold=12)

    assert told(compile_rule(spec, {}), a_document()) == [
        "ukraine  is there: Ukraine",
        "guerre  counts +5: guerre",
        "poids  counts -2: poids",
        "paix  is not there, so +9 does not count",
        "score  3 does not reach the threshold 12",
    ]


SUNDAY = datetime(2026, 11, 22, 12, tzinfo=UTC)
WORKDAYS = Window(days=frozenset(range(5)), start=time(8), end=time(18), timezone="Europe/Paris")


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ({}, []),
        ({"enabled": False}, [("enabled", "the rule is switched off")]),
        ({"feeds": ("courier", "herald")}, [("feeds", "is for courier, herald; this is gazette")]),
        ({"tags": ("sport",)}, [("tags", "is for sport; gazette has press")]),
        ({"languages": ("de", "en")}, [("languages", "is for de, en; this article is in fr")]),
        ({"countries": ("DE",)}, [("countries", "is for DE; gazette has FR")]),
        (
            {"until": datetime(2026, 11, 1, tzinfo=UTC)},
            [("until", "was over at 2026-11-01 00:00 UTC; the article came Sun 2026-11-22 12:00 UTC")],
        ),
        (
            {"times": (WORKDAYS,)},
            [("times", "is in force Mon Tue Wed Thu Fri 08:00–18:00; the article came Sun 2026-11-22 13:00 CET")],
        ),
        ({"languages": ("fr",), "feeds": ("gazette",), "tags": ("press",), "countries": ("FR",)}, []),
    ],
)
def test_the_key_that_keeps_a_rule_from_an_article_is_told(
    scope: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    rule = compile_rule(RuleSpec(name="r", query="ukraine", **scope), {})

    assert [(reason.part, reason.why) for reason in out_of_scope(rule, a_document(), SUNDAY)] == expected


@repeatable(300)
@given(trees, documents())
def test_there_is_always_a_reason(tree: Node, document: Document) -> None:
    rule = Rule(RuleSpec(name="r"), tree, ())

    assert reasons(rule, document) != ()
