"""What the rule language means, case by case: cases/*.yaml, each file one subject."""

from __future__ import annotations

import pytest

from monitor.errors import RuleError
from monitor.model import Outlet, RuleSpec
from monitor.rules import Document, Rule, compile_rule
from tests.rules.table import Case, all_cases

CASES = all_cases()


def rule_of(case: Case) -> Rule:
    given = case.given
    scope = {key: tuple(values) for key, values in given.get("scope", {}).items()}
    lists = {key: tuple(given[key]) for key in ("any", "all", "none") if key in given}
    scores = {key: given[key] for key in ("threshold", "title_weight") if key in given}
    if "score" in given:
        scores["score"] = tuple(given["score"].items())
    spec = RuleSpec(name="case", query=given.get("rule"), **scope, **lists, **scores)
    return compile_rule(spec, given.get("aliases", {}))


def document_of(case: Case) -> Document:
    given = case.given
    told = {key: given[key] for key in ("author", "link") if key in given}
    outlet = Outlet(
        feed=given.get("feed", ""),
        title=given.get("source"),
        tags=tuple(given.get("tags", ())),
        country=given.get("country"),
    )
    return Document.of(
        given.get("title", ""),
        given.get("text", ""),
        **told,
        outlet=outlet,
        categories=tuple(given.get("categories", ())),
        language=given.get("lang", "und"),
    )


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in CASES if case.kind != "error"])
def test_a_rule_marks_what_the_table_says(case: Case) -> None:
    rule = rule_of(case)
    pieces = {"title": case.given.get("title", ""), "text": case.given.get("text", "")}

    document = document_of(case)
    match = rule.match(document) if rule.is_for(document) else None

    # What was found in author, link or source is not shown, so nothing of it is marked.
    marked = match is not None and [
        pieces[span.field][span.start : span.end] for span in match.spans if span.field in pieces
    ]
    assert marked == case.given["match"]
    if match is not None and "sum" in case.given:
        assert match.score == case.given["sum"]


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in CASES if case.kind == "error"])
def test_a_rule_is_refused_as_the_table_says(case: Case) -> None:
    with pytest.raises(RuleError) as refused:
        rule_of(case)

    assert case.given["error"] in refused.value.message
    assert refused.value.column == case.given.get("column", refused.value.column)
