"""The rule language: what matches where, what is refused and how, all rules at once, the archive's prefilter."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from monitor.errors import RuleError
from monitor.model import Span
from monitor.rules import (
    Document,
    RuleSet,
    compile_query,
    compile_rule,
    fts_prefilter,
    fts_text,
    fts_words,
)
from monitor.rules.prefilter import NOT_ALIKE
from monitor.rules.ruleset import Query
from monitor.rules.tree import Part, Term
from monitor.rules.words import fold_words, written_words
from monitor.text import clean, fold, tokenize
from tests.effort import TWICE, steps
from tests.factories import a_rule

# The same examples every time, however slow the machine.
repeatable = settings(deadline=None, derandomize=True, max_examples=200)

ALIASES = {
    "OTAN": ["OTAN", "NATO", "Alliance atlantique", "НАТО", "北约"],
    "capitals": ["Kyiv", "Kiev", "Moscou"],
    "front": ["@OTAN", "@capitals", "ligne de front", "soldat*"],
}
# A wire report of the kind the rules are for.
REPORT = """Le président a déclaré qu’il travaillait sur une série d’initiatives pour contrer l’invasion de l’Ukraine.
Plus de 94\u00a0000 soldats seraient stationnés près des frontières, selon le ministre ukrainien de la Défense.
Moscou recherche des «\u00a0garanties de sécurité à long terme\u00a0» et s’oppose au déploiement de l’OTAN vers l’Est,
limitant l’expansion de l’Alliance atlantique. Il a notamment accusé l’Ukraine et les Etats-Unis de déstabilisation,
alors que les États-Unis et leurs alliés préparent des sanctions."""


def found(query: str, text: str, title: str = "") -> list[str] | None:
    """What a query matches, as pieces of title and text."""
    spans = compile_query(query, ALIASES).matches(Document.of(title, text))
    if spans is None:
        return None
    return [{"title": title, "text": text}[span.field][span.start : span.end] for span in spans]


# ── what matches ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("query", "pieces"),
    [
        pytest.param("Ukraine", ["Ukraine", "Ukraine"], id="a word"),
        pytest.param("OTAN", ["OTAN"], id="a word behind an apostrophe"),
        pytest.param("l'OTAN", ["l’OTAN"], id="with its article, whichever the apostrophe"),
        pytest.param("États-Unis", ["Etats-Unis", "États-Unis"], id="with or without accents"),
        pytest.param("Etats-Unis", ["Etats-Unis", "États-Unis"], id="accents do not matter in the query either"),
        pytest.param("soldat*", ["soldats"], id="a beginning"),
        pytest.param("d'initiat*", ["d’initiatives"], id="a beginning within a term of several words"),
        pytest.param("@OTAN", ["OTAN", "Alliance atlantique"], id="an alias"),
        pytest.param("@front", ["soldats", "Moscou", "OTAN", "Alliance atlantique"], id="an alias of aliases"),
        pytest.param("« sécurité à long terme »", ["sécurité à long terme"], id="a phrase in guillemets"),
        pytest.param("“préparent des sanctions”", ["préparent des sanctions"], id="a phrase in curly quotes"),
        pytest.param('"Est limitant"', ["Est,\nlimitant"], id="a phrase across a comma and a line break"),
        pytest.param('"sur le président"', None, id="a phrase that would begin before the text"),
        pytest.param('"des sanctions des"', None, id="a phrase that would end behind the text"),
        pytest.param("94000", ["94\u00a0000"], id="a number, however it is grouped"),
        pytest.param('"94 000 soldats"', ["94\u00a0000 soldats"], id="a phrase with numbers"),
        pytest.param("Iran", None, id="a word that is not there"),
        pytest.param("note", None, id="no part of a word: notamment"),
        pytest.param("Ukraine -Iran", ["Ukraine", "Ukraine"], id="and not"),
        pytest.param("Ukraine NOT (Iran OR soldats)", None, id="and none of"),
        pytest.param("Iran OR Moscou sanctions", ["Moscou", "sanctions"], id="OR binds weaker than AND"),
        pytest.param("@OTAN NEAR/0 l'Est", None, id="near, but not near enough"),
        pytest.param("@OTAN NEAR/1 l'Est", ["OTAN", "l’Est"], id="near, one word between"),
        pytest.param("Est NEAR/1 OTAN", None, id="near counts the words between"),
        pytest.param("l NEAR/0 Est", ["l", "Est"], id="side by side"),
        pytest.param("(Iran OR ukrain*) NEAR/1 ministre", ["ministre", "ukrainien"], id="near one of"),
        pytest.param("title:Ukraine", None, id="in the title only"),
    ],
)
def test_a_query_finds_what_a_reader_would_find(query: str, pieces: list[str] | None) -> None:
    assert found(query, REPORT) == pieces


def test_the_examples_of_the_manual_are_true() -> None:
    manual = (Path(__file__).parents[1] / "docs" / "rules.md").read_text(encoding="utf-8")
    table = manual.partition("## Examples")[2]
    rows = re.findall(r"^\| `(.+?)` \| (.+?) \| (yes|no) \|$", table, flags=re.MULTILINE)

    wrong = [row for row in rows if (found(row[0], row[1]) is not None) != (row[2] == "yes")]

    assert len(rows) > 30
    assert wrong == []


def test_the_title_comes_first_and_spans_count_code_points() -> None:
    spans = compile_query("otan OR kyiv", ALIASES).matches(Document.of("🚨 Kyiv : l’OTAN", "L’OTAN à Kyiv"))

    assert spans == (
        Span(field="title", start=2, end=6),
        Span(field="title", start=11, end=15),
        Span(field="text", start=2, end=6),
        Span(field="text", start=9, end=13),
    )


def test_phrases_and_nearness_never_reach_from_title_to_text() -> None:
    assert found('"Alliance atlantique"', "atlantique", title="Alliance") is None
    assert found("OTAN NEAR/5 Ukraine", "Ukraine", title="OTAN") is None
    assert found("OTAN Ukraine", "Ukraine", title="OTAN") == ["OTAN", "Ukraine"]


def test_title_reaches_over_a_group_a_phrase_and_an_alias() -> None:
    assert found("title:(Iran OR Kyiv) OTAN", "OTAN", title="Kyiv") == ["Kyiv", "OTAN"]
    assert found('title:"a b"', "x", title="A, b") == ["A, b"]
    assert found("TITLE:@OTAN", "OTAN", title="НАТО") == ["НАТО"]
    assert found("title:(OTAN -Iran)", "Iran", title="OTAN") == ["OTAN"]


def test_nearness_wants_two_different_words() -> None:
    assert found("ukrain* NEAR/3 Ukraine", "Ukraine") is None
    assert found("ukrain* NEAR/3 Ukraine", "Ukraine et Ukraine") == ["Ukraine", "Ukraine"]


def test_nearness_is_measured_from_each_of_overlapping_terms() -> None:
    assert found('x NEAR/0 ("a b c" OR b)', "a b c x") == ["a b c", "x"]
    assert found('x NEAR/1 ("a b c" OR b)', "x a b c") == ["x", "a b c", "b"]


def test_capitals_make_the_operator() -> None:
    assert found("war and peace", "peace or war and") == ["peace", "war", "and"]
    assert found("war AND peace", "peace or war") == ["peace", "war"]
    assert found('"OR" gold', "gold or silver") == ["gold", "or"]


def test_a_dash_of_any_length_negates_only_before_a_term() -> None:
    assert found("Ukraine –Iran", "Ukraine Iran") is None
    assert found("Etats–Unis", "Etats-Unis") == ["Etats-Unis"]
    assert found("Ukraine -“Iran”", "Ukraine Iran") is None


def test_hebrew_quotation_marks_belong_to_the_acronym() -> None:
    assert found('צה"ל', 'דובר צה"ל אמר') == ['צה"ל']
    assert found('צה"ל', "דובר צה״ל אמר") == ["צה״ל"]


def test_at_most_a_hundred_spans_are_kept() -> None:
    assert len(found("mot", "mot " * 1_000) or []) == 100


@pytest.mark.parametrize(
    "query", ["a NEAR/1000 b", '"a b a b a b a c"', '"a b a b a b a a"', "(a OR aa*) NEAR/3 bb*", "a NEAR/1 (b OR c)"]
)
def test_a_hostile_article_takes_work_in_step_with_its_length(query: str) -> None:
    compiled = compile_query(query, {})

    def match(pairs: int) -> None:
        compiled.matches(Document.of("", "a b " * pairs))

    assert steps(lambda: match(4_000)) < TWICE * steps(lambda: match(2_000))


# ── what is refused ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("query", ["-a", "a OR NOT b", "-(a b)", "-title:a"])
def test_a_query_that_says_only_what_is_absent_is_refused(query: str) -> None:
    with pytest.raises(RuleError, match="only what must be absent") as refused:
        compile_query(query, ALIASES)

    assert refused.value.column == 1


def refusal(query: str) -> RuleError | None:
    """Why a query is refused; None when it compiles."""
    try:
        compile_query(query, SAMPLE_ALIASES)
    except RuleError as refused:
        return refused
    return None


@repeatable
@given(st.text(st.sampled_from("ab*\"«»()-–@:!?~|/'’ \nANDORT北é1")))
def test_any_query_compiles_or_is_refused_in_one_line(query: str) -> None:
    refused = refusal(query)

    if refused is None:
        compile_query(query, ALIASES).matches(Document.of("a b", "ab 北 é"))
    else:
        assert 1 <= refused.column <= len(query) + 1
        assert "\n" not in str(refused)


# ── the same as a naive evaluation ───────────────────────────────────────────────────────────────────────────────────

# A query of the tests: its text, and its truth worked out the slow way from (title words, text words).
Fields = tuple[list[str], list[str]]
Sample = tuple[str, Callable[[Fields], bool]]

WORDS = st.sampled_from(["ukraine", "uk", "a", "b", "北", "约"])  # few, so that phrases are met
TITLES = st.lists(WORDS, max_size=4)
TEXTS = st.lists(WORDS, max_size=14)


def places(parts: list[str], words: list[str]) -> list[tuple[int, int]]:
    """Where the parts stand in a row; a part that ends in * is a beginning."""
    rows = [(start, start + len(parts)) for start in range(len(words) - len(parts) + 1)]
    return [(start, end) for start, end in rows if all(map(fits, parts, words[start:end]))]


def fits(part: str, word: str) -> bool:
    return word.startswith(part[:-1]) if part.endswith("*") else word == part


PARTS = st.lists(st.one_of(WORDS, st.sampled_from(["ukrain*", "uk*"])), min_size=1, max_size=3)
# Alternatives that may stand beside NEAR, each a list of parts.
POSITIONAL = st.one_of(
    st.lists(PARTS, min_size=1, max_size=3).map(
        lambda terms: ("(" + " OR ".join(f'"{" ".join(parts)}"' for parts in terms) + ")", terms)
    ),
    st.just(("@alias", [["b"], ["uk", "a"], ["ukrain*"], ["北", "约"]])),
)
SAMPLE_ALIASES = {"alias": ["B", "uk a", "@more"], "more": ["ukrain*", "北约"]}


def a_term(terms: list[list[str]], text: str, *, title: bool) -> Sample:
    def holds(fields: Fields) -> bool:
        return any(places(parts, words) for words in fields[: 1 if title else 2] for parts in terms)

    return ("title:" if title else "") + text, holds


def a_near(left: tuple[str, list[list[str]]], right: tuple[str, list[list[str]]], distance: int) -> Sample:
    def holds(fields: Fields) -> bool:
        for words in fields:
            lefts = [place for parts in left[1] for place in places(parts, words)]
            rights = [place for parts in right[1] for place in places(parts, words)]
            for a in lefts:
                for b in rights:
                    if 0 <= b[0] - a[1] <= distance or 0 <= a[0] - b[1] <= distance:
                        return True
        return False

    return f"{left[0]} NEAR/{distance} {right[0]}", holds


def joined(samples: list[Sample], operator: str) -> Sample:
    decide = any if operator == " OR " else all
    text = operator.join(f"({sample[0]})" for sample in samples)
    return text, lambda fields: decide(sample[1](fields) for sample in samples)


def negated(sample: Sample, sign: str) -> Sample:
    return f"{sign}({sample[0]})", lambda fields: not sample[1](fields)


SAMPLES: st.SearchStrategy[Sample] = st.recursive(
    st.one_of(
        st.builds(lambda terms, title: a_term(terms[1], terms[0], title=title), POSITIONAL, st.booleans()),
        st.builds(a_near, POSITIONAL, POSITIONAL, st.integers(0, 3)),
    ),
    lambda samples: st.one_of(
        st.builds(joined, st.lists(samples, min_size=2, max_size=3), st.sampled_from([" OR ", " AND ", " "])),
        st.builds(negated, samples, st.sampled_from(["-", "NOT "])),
    ),
    max_leaves=6,
)


@repeatable
@given(SAMPLES, TITLES, TEXTS)
def test_a_query_matches_exactly_when_a_naive_evaluation_does(
    sample: Sample, title: list[str], text: list[str]
) -> None:
    assume(refusal(sample[0]) is None)  # one of absences only

    spans = compile_query(sample[0], SAMPLE_ALIASES).matches(Document.of(" ".join(title), ", ".join(text)))

    assert (spans is not None) == sample[1]((title, text))


@repeatable
@given(st.lists(SAMPLES, max_size=6), TITLES, TEXTS)
def test_all_rules_at_once_find_what_each_finds_alone(samples: list[Sample], title: list[str], text: list[str]) -> None:
    queries = [sample[0] for sample in samples if refusal(sample[0]) is None]
    specs = [a_rule(name=f"rule {number}", query=query) for number, query in enumerate(queries)]
    document = Document.of(" ".join(title), " ".join(text))

    matches = RuleSet.of(specs, SAMPLE_ALIASES).match(document)

    alone = [compile_rule(spec, SAMPLE_ALIASES).match(document) for spec in specs]
    assert matches == tuple(match for match in alone if match is not None)


# ── the archive's prefilter ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def fts() -> Iterator[Callable[[str, str, str], bool]]:
    """Whether an FTS5 expression finds an article of this title and text, asked of SQLite itself."""
    database = sqlite3.connect(":memory:", isolation_level=None)
    database.execute(
        "CREATE VIRTUAL TABLE articles_fts USING fts5(title, text, tokenize = 'unicode61 remove_diacritics 2')"
    )

    held: tuple[str, str] | None = None

    def finds(expression: str, title: str, text: str) -> bool:
        nonlocal held
        if held != (title, text):
            database.execute("DELETE FROM articles_fts")
            indexed = [text if (words := fts_text(text)) is None else words for text in (title, text)]
            database.execute("INSERT INTO articles_fts (title, text) VALUES (?, ?)", indexed)
            held = title, text
        query = "SELECT count(*) FROM articles_fts WHERE articles_fts MATCH ?"
        return bool(database.execute(query, (expression,)).fetchone()[0])

    yield finds
    database.close()


# Letters that fold and letters that do not, signs that divide and signs that do not, scripts next to one another.
FTS_TEXT = st.text(
    st.one_of(
        st.sampled_from("aoesldi" * 3 + "ASÉéßœÆøŁđıİёЁеКїй北ダ²ªﬁ"),
        st.sampled_from("  '’ʼ-_.,\u0301\u0337🚨🪖₿"),
        st.characters(),
    ),
    max_size=25,
).map(clean)


@repeatable
@given(text=FTS_TEXT, title=FTS_TEXT, data=st.data())
def test_the_prefilter_loses_no_article(
    fts: Callable[[str, str, str], bool], text: str, title: str, data: st.DataObject
) -> None:
    known = st.sampled_from([*tokenize(title).words, *tokenize(text).words, "nato"])
    beginning = st.builds(lambda word, cut: f"{word[: cut + 2]}*" if len(word) > 1 else word, known, st.integers(0, 9))
    terms = data.draw(st.lists(st.one_of(known, beginning), min_size=1, max_size=4))
    query_text = data.draw(st.sampled_from([" OR ", " AND ", " -zzz "])).join(f'"{term}"' for term in terms)
    assume(refusal(query_text) is None)
    query = compile_query(query_text, {})
    assume(query.matches(Document.of(title, text)) is not None)

    expression = fts_prefilter(query)

    assert expression is None or fts(expression, title, text)


def test_a_word_is_found_beside_every_character(fts: Callable[[str, str, str], bool]) -> None:
    chars = [
        char
        for char in filter(clean, map(chr, (*range(0x20, 0x3500), *range(0xA000, 0xAC80), *range(0xD780, 0x20000, 3))))
        if not 0xE000 <= ord(char) < 0xF900
    ]

    expressions: dict[str, str | None] = {}
    lost = []
    for char in chars:
        text = f"qx{char}xq. {char}zy. yz{char}"
        found: dict[str, bool] = {}
        for word in set(fold_words(written_words(text))):
            beginning = re.match("[a-z]*", word)
            cuts = [word[:length] + "*" for length in range(2, beginning.end() + 1)] if beginning else []
            for term in (word, *cuts):
                if term not in expressions:
                    expressions[term] = fts_prefilter(compile_query(term, {}))
                expression = expressions[term]
                if expression is not None and expression not in found:
                    found[expression] = fts(expression, "", text)
                    if not found[expression] and compile_query(term, {}).matches(Document.of("", text)):
                        lost.append((char, term, expression))
    assert len(chars) > 20_000
    assert lost == []


@pytest.mark.parametrize(
    ("query", "expression"),
    [
        pytest.param("krant", '"krant"', id="a plain word"),
        pytest.param("Presse", '("presse" OR "preße")', id="a word that may be written otherwise"),
        pytest.param("maf*", '"maf" *', id="a beginning"),
        pytest.param("bras*", '("bras" * OR "braß" *)', id="a beginning that breaks off within ss"),
        pytest.param('"ny ark"', '("ny" AND "ark")', id="a phrase needs its words"),
        pytest.param("ny (ark OR may)", '("ny" AND ("ark" OR "may"))', id="groups"),
        pytest.param("ny NEAR/3 ark", '("ny" AND "ark")', id="nearness needs both"),
        pytest.param("ny -ark", '"ny"', id="absence cannot narrow"),
        pytest.param("title:ny", '"ny"', id="fields are left to the query"),
        pytest.param("ny OR 北约", '("ny" OR "北 约")', id="a script without spaces is a phrase of its characters"),
        pytest.param('"北约 ny*"', '("北 约" AND "ny" *)', id="up to a beginning"),
        pytest.param("ny OR ~ark", None, id="a stem cannot narrow"),
        pytest.param("НАТО", '"нато"', id="Cyrillic"),
    ],
)
def test_the_prefilter_asks_only_for_what_fts5_reads_as_we_do(query: str, expression: str | None) -> None:
    assert fts_prefilter(compile_query(query, {})) == expression


def test_a_script_that_the_index_reads_word_by_word_is_never_read_as_it_is() -> None:
    alike = {folded for char in map(chr, range(0x20, 0x20000)) if fts_text(char) is None for folded in fold(char)}

    letters = sorted(char for char in alike if char.isalnum())
    assert len(letters) > 10_000
    assert [char for char in letters if NOT_ALIKE.search(char)] == []


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("北约", "乌克兰加入北约NATO了吗"),
        ("ต้ม", "ต้มยำกุ้ง"),
        ("किसान", "किसान आंदोलन"),
        ("l’Otan", "Le sommet de l’OTAN"),
        ('"OTAN" AND -', "OTAN and NATO"),
        ("Straße", "In der STRASSE"),
    ],
)
def test_words_are_found_in_whatever_script(fts: Callable[[str, str, str], bool], words: str, text: str) -> None:
    assert fts(fts_words(words), "", text)
    assert not fts(fts_words(words), "", "somewhere else 约北")


@pytest.mark.parametrize("text", ["", "-", '"', "🚨"])
def test_a_text_without_words_asks_for_nothing(fts: Callable[[str, str, str], bool], text: str) -> None:
    assert not fts(fts_words(text), "", f"{text} somewhere")


@pytest.mark.parametrize(
    "text", ["20000", "20,000", "20 000km", "20'000", "1,00,000", "12,34,567", "1 234 567", "n°", "№ 5"]
)
def test_a_number_is_found_however_it_is_grouped(fts: Callable[[str, str, str], bool], text: str) -> None:
    for word in fold_words(written_words(text)):
        expression = fts_prefilter(Query(Term((Part(word),))))

        assert expression is None or fts(expression, "", text)


def test_a_word_of_very_many_spellings_is_asked_for_by_its_beginning(fts: Callable[[str, str, str], bool]) -> None:
    expression = fts_prefilter(compile_query("radiodiffusionistisolidaridad", {}))

    assert expression is not None
    assert expression.count(" OR ") < 64
    assert fts(expression, "", "La radiodiffusionistisołidarıdad")
