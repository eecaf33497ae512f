"""The table of cases itself: complete, readable, without slips."""

from __future__ import annotations

import re
from collections import Counter, defaultdict

import pytest

from tests.rules.table import ARTICLE, CASES, NOTE, OUTCOME, RULE, Case, all_cases

FEWEST_CASES = 420
FEWEST_LANGUAGES = 18
FEWEST_OF_A_KIND = 5  # cases that match and cases that do not, for every operator

ALL = all_cases()

_QUOTED = re.compile(r'"[^"]*"|«[^»]*»|»[^«]*«|[“„][^”“]*[”“]')
_REGEX = re.compile(r"(?:^|(?<=[\s(-]))/(?:[^/\\]|\\.)+/i?(?=[\s)]|$)")
_BEGIN = r"(?:^|(?<=[\s(:-]))"  # where a term may begin

# How each operator shows itself in a query whose expressions are left out and whose phrases read "…".
OPERATORS = {
    '"phrase"': '"…"',
    "a b": r"(?<!\bAND)(?<!\bOR)(?<!\bNOT)(?<=[\w*])\s(?!AND\b|OR\b|NOT\b|NEAR/|BEFORE/|[<>=]+\s)[\w(@=~\"]",
    "AND": r"\bAND\b",
    "OR": r"\bOR\b",
    "NOT": r"\bNOT\b",
    "-x": r"(?:^|(?<=[\s(]))[-–]\S",
    "(a OR b)": r"(?:^|(?<=[\s(-]))\(",
    "NEAR/n": r"NEAR/\d",
    "BEFORE/n": r"BEFORE/\d",
    "NEAR/s": "NEAR/s",
    "BEFORE/s": "BEFORE/s",
    "NEAR/p": "NEAR/p",
    "BEFORE/p": "BEFORE/p",
    "prefix*": r"\w\*(?!\w)",
    "wom?n": r"\w\?",
    "col*r": r"\w\*\w",
    "=x": rf"{_BEGIN}=\w+(?!\w|\*)",
    '="phrase"': rf'{_BEGIN}="',
    "=x*": rf"{_BEGIN}=\w+\*",
    "~x": rf"{_BEGIN}~\w",
    '~"phrase"': rf'{_BEGIN}~"',
    "@alias": r"@\w",
    **{
        f"{field}:": rf"(?i){_BEGIN}{field}:" for field in "title text author link source feed tag lang country".split()
    },
    **{f"count {sign}": rf"count\([^)]*\)\s*{sign}(?!=)" for sign in (">=", ">", "=", "<", "<=")},
    "first(n):": r"first\(\d+\):",
    "a sign": r"\w[&+#°]|#\w",
}


def operators(case: Case) -> set[str]:
    """The operators its rule is written with."""
    found = {f"{key}:" for key in ("any", "all", "none", "score") if key in case.given}
    for query in case.queries:
        expressions = _REGEX.findall(query)
        found |= {"/regex/i" if expression.endswith("i") else "/regex/" for expression in expressions}
        plain = _QUOTED.sub('"…"', _REGEX.sub("", query))
        found |= {name for name, pattern in OPERATORS.items() if re.search(pattern, plain)}
    return found


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in ALL])
def test_a_case_is_whole(case: Case) -> None:
    given = case.given
    told = [given.get("title", ""), given.get("text", "")]

    assert given.keys() <= RULE | ARTICLE | OUTCOME | NOTE
    assert isinstance(given["why"], str)
    assert given.keys() & {"rule", "any", "all", "none", "score"}
    assert ("match" in given) != ("error" in given)
    assert case.kind == "error" or case.language
    # YAML reads an unquoted no, 5 or a: b as something else than text.
    assert all(isinstance(given.get(key, ""), str) for key in ("rule", "title", "text", "why", "in", "lang", "error"))
    assert all(any(piece in text for text in told) for piece in given.get("match") or ())


def test_no_case_is_told_twice() -> None:
    told = defaultdict(list)
    for case in ALL:
        told[str(sorted((key, value) for key, value in case.given.items() if key not in NOTE))].append(case.name)

    assert [names for names in told.values() if len(names) > 1] == []


def test_every_file_says_what_it_holds() -> None:
    firsts = {path.name: path.read_text(encoding="utf-8").partition("\n")[0] for path in CASES.glob("*.yaml")}

    assert [name for name, first in firsts.items() if not first.startswith("# ") or len(first) > 120] == []


def test_every_operator_is_shown_to_match_and_not_to_match() -> None:
    counts = Counter((operator, case.kind) for case in ALL for operator in operators(case))
    known = [*OPERATORS, "/regex/", "/regex/i", "any:", "all:", "none:", "score:"]

    few = {
        f"{operator} {kind}": counts[operator, kind]
        for operator in known
        for kind in ("match", "no match")
        if counts[operator, kind] < FEWEST_OF_A_KIND
    }
    assert few == {}


def test_the_table_is_wide() -> None:
    kinds = Counter(case.kind for case in ALL)
    languages = {case.language.partition("-")[0] for case in ALL if case.language}

    assert len(ALL) >= FEWEST_CASES
    assert len(languages - {"und"}) >= FEWEST_LANGUAGES
    assert kinds["no match"] + kinds["error"] >= 0.45 * len(ALL)
