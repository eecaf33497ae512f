"""What is said of queries without an article holds for every article."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from monitor.rules import Aliases
from monitor.rules.document import Document
from monitor.rules.evaluate import hits
from monitor.rules.grammar import parse
from monitor.rules.implication import contradiction, implies
from monitor.rules.shown import shown
from monitor.rules.tree import And, Node, Not, Or
from tests.examples import repeatable
from tests.rules.test_evaluate import documents, leaf, trees

ALIASES = Aliases({"OTAN": ["OTAN", "NATO"], "guerre": {"any": ["guerre"], "en": ["war"]}})


def tree_of(query: str) -> Node:
    return parse(query, ALIASES)


@st.composite
def kin(draw: st.DrawFn) -> tuple[Node, Node]:
    """Two trees with parts in common: any two hardly ever imply one another."""
    one, other, third = draw(leaf), draw(leaf), draw(trees)
    shapes = [one, And((one, third)), Or((one, other)), And((other, one, third)), Not(one), Not(Or((one, third)))]
    return draw(st.sampled_from(shapes)), draw(st.sampled_from([*shapes, other]))


@repeatable(300)
@given(kin(), documents())
def test_what_is_implied_is_there_whenever_the_other_is(pair: tuple[Node, Node], document: Document) -> None:
    one, other = pair
    assume(implies(one, other) and hits(one, document) is not None)

    assert hits(other, document) is not None, f"{shown(one)} does not imply {shown(other)}"


@repeatable(300)
@given(
    st.one_of(trees, st.lists(leaf, min_size=2, max_size=3).map(lambda some: And((*some, Not(some[0]))))), documents()
)
def test_a_contradiction_matches_no_article(tree: Node, document: Document) -> None:
    assume(contradiction(tree) is not None)

    assert hits(tree, document) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ukraine", "ukraine"),
        ("Ukraine", "ukrain*"),
        ("ukrain*", "ukr*"),
        ('"guerre en ukraine"', "guerre"),
        ('"guerre en ukraine"', '"en ukrain*"'),
        ("title:ukraine", "ukraine"),
        ("=OTAN", "otan"),
        ("=OTAN", "=OT*"),
        ("ukraine", "ukr?ine"),
        ("ukraine", "ukraine OR iran"),
        ("ukraine iran", "ukraine"),
        ("ukraine iran", "iran ukraine"),
        ("ukraine OR iran", "iran OR syrie OR ukraine"),
        ("(ukraine OR ukrainien) paix", "ukrain*"),
        ("@otan", "nato OR otan OR alliance"),
        ("@guerre", "guerre OR war"),
        ("otan NEAR/3 ukraine", "otan NEAR/5 ukraine"),
        ("otan NEAR/3 ukraine", "ukraine NEAR/3 otan"),
        ("otan BEFORE/3 ukraine", "otan NEAR/3 ukraine"),
        ("otan NEAR/3 ukraine", "otan"),
        ("otan NEAR/s ukraine", "(otan OR nato) NEAR/s ukrain*"),
        ("count(ukraine) >= 3", "count(ukraine) > 1"),
        ("count(ukraine) = 3", "ukraine"),
        ("first(20): ukraine", "first(100): ukrain*"),
        ("first(20): ukraine", "ukraine"),
        ("ukraine -football", "ukraine"),
        ("ukraine -sport*", "ukraine -sportif"),
        ("feed:monde-fr x", "feed:monde*"),
        ("/ukr[a-z]+/", "/ukr[a-z]+/"),
    ],
)
def test_a_narrower_query_is_known_to_be_narrower(one: str, other: str) -> None:
    assert implies(tree_of(one), tree_of(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ukrain*", "ukraine"),
        ("otan", "=OTAN"),
        ("ukraine", "title:ukraine"),
        ("author:guerre", "guerre"),
        ('"guerre ukraine"', '"ukraine guerre"'),
        ("ukraine OR iran", "ukraine"),
        ("otan NEAR/5 ukraine", "otan NEAR/3 ukraine"),
        ("otan NEAR/5 ukraine", "otan BEFORE/5 ukraine"),
        ("otan NEAR/3 ukraine", "otan NEAR/s ukraine"),
        ('"otan et" NEAR/3 ukraine', "otan NEAR/3 ukraine"),  # one more word lies between
        ("count(ukraine) <= 3", "ukraine"),
        ("first(100): ukraine", "first(20): ukraine"),
        ("ukraine", "ukraine -football"),
        ("ukraine -sportif", "ukraine -sport*"),
        ("~guerre", "guerre"),
        ("C++", "C"),
    ],
)
def test_a_query_that_may_find_more_is_not_taken_for_a_narrower_one(one: str, other: str) -> None:
    assert not implies(tree_of(one), tree_of(other))


@pytest.mark.parametrize(
    ("query", "parts"),
    [
        ("ukraine iran -ukrain*", ["ukraine", "-ukrain*"]),
        ("title:ukraine (iran -ukraine)", ["title:ukraine", "-ukraine"]),
        ("(otan OR nato) -(nato OR otan OR onu)", ["otan OR nato", "-(nato OR otan OR onu)"]),
        ("otan NEAR/3 ukraine -ukraine", ["otan NEAR/3 ukraine", "-ukraine"]),
        ("ukraine otan -(ukraine otan)", ["ukraine AND otan", "-(ukraine AND otan)"]),
        ("lang:fr x lang:de", ["lang:fr", "lang:de"]),
        ("lang:fr x lang:fr-CA", None),
        ("country:FR country:DE x", ["country:fr", "country:de"]),
        ("feed:monde feed:temps x", ["feed:monde", "feed:temps"]),
        ("feed:mon* feed:monde x", None),
        ("tag:presse tag:sport x", None),
        ("count(x) >= 3 count(x) < 3", ["count(x) >= 3", "count(x) < 3"]),
        ("x count(x) = 0", ["x", "count(x) = 0"]),
        ("ukraine -iran", None),
        ("(a -a) OR b", None),
        ("(a -a) OR (b -b)", ["a", "-a"]),
        ("first(10): ukraine -ukraine", ["first(10): ukraine", "-ukraine"]),
        ("ukraine -title:ukraine", None),
    ],
)
def test_a_query_that_contradicts_itself_is_seen_with_the_two_parts(query: str, parts: list[str] | None) -> None:
    found = contradiction(tree_of(query))

    assert (found and [shown(node) for node in found]) == parts
