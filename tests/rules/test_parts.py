"""What the words of a rule ask of a text, and what is refused with which advice."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import RuleError
from monitor.rules.parts import parts_of
from monitor.rules.tree import Part
from monitor.rules.words import fold_words, written_words
from monitor.text import clean
from tests.effort import must_end

# The same examples every time, however slow the machine.
repeatable = settings(deadline=None, derandomize=True)


def word(text: str) -> tuple[Part, ...]:
    return parts_of(text, 1, quoted=False)


def phrase(text: str) -> tuple[Part, ...]:
    return parts_of(text, 1, quoted=True)


# ── words ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        pytest.param("Élection", (Part("election"),), id="a word is folded"),
        pytest.param("l’OTAN", (Part("l"), Part("otan")), id="an apostrophe divides"),
        pytest.param("1,000", (Part("1000"),), id="a number in one form"),
        pytest.param("北约", (Part("北"), Part("约")), id="characters in a row"),
        pytest.param("(¡OTAN!)", (Part("otan"),), id="other punctuation means nothing"),
        pytest.param("AT&T", (Part("at", sign="&"), Part("t")), id="an ampersand"),
        pytest.param("C++", (Part("c", sign="++"),), id="two plus signs"),
        pytest.param("Canal+", (Part("canal", sign="+"),), id="one plus sign"),
        pytest.param("C#", (Part("c", sign="#"),), id="a number sign"),
        pytest.param("#MeToo", (Part("metoo", before="#"),), id="a hashtag"),
        pytest.param("$MeToo", (Part("metoo"),), id="another sign before a word means nothing"),
        pytest.param("n°5", (Part("n", sign="°"), Part("5")), id="a degree sign"),
        pytest.param("№5", (Part("n", sign="°"), Part("5")), id="the numero sign is n°"),
    ],
)
def test_a_word_of_a_rule_is_read_like_a_word_of_a_text(text: str, parts: tuple[Part, ...]) -> None:
    assert word(text) == parts
    assert phrase(text) == parts


def test_a_phrase_is_its_words_in_a_row() -> None:
    assert phrase(" Alliance  atlantique ") == (Part("alliance"), Part("atlantique"))
    assert phrase("94 000 soldats") == (Part("94000"), Part("soldats"))
    assert phrase("AT & T") == (Part("at", sign="&"), Part("t"))


# ── beginnings and wildcards ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        pytest.param("Ukrain*", (Part("ukrain", is_open=True),), id="a beginning"),
        pytest.param("l’ukrain*", (Part("l"), Part("ukrain", is_open=True)), id="of the last word"),
        pytest.param("euro*-atlant*", (Part("euro", is_open=True), Part("atlant", is_open=True)), id="of both words"),
        pytest.param("ß*", (Part("ss", is_open=True),), id="letters are counted folded"),
        pytest.param("об’єдн*", (Part("об'єдн", is_open=True),), id="with a Cyrillic apostrophe"),
        pytest.param("1,0*", (Part("1.0", is_open=True),), id="of a number"),
        pytest.param("Can*+", (Part("can", is_open=True, sign="+"),), id="before a sign"),
        pytest.param("北约*", (Part("北"), Part("约")), id="a star behind a character is not needed"),
        pytest.param("*北约", (Part("北"), Part("约")), id="nor before one"),
        pytest.param("iPhone*手机", (Part("iphone", is_open=True), Part("手"), Part("机")), id="but behind letters"),
    ],
)
def test_a_star_leaves_the_end_of_a_word_open(text: str, parts: tuple[Part, ...]) -> None:
    assert word(text) == parts
    assert phrase(text) == parts


@pytest.mark.parametrize(
    ("text", "letters", "found", "not_found"),
    [
        ("wom?n", "wom", "woman women WOMEN", "womn womaan womans"),
        ("Emirat?", "emirat", "Emirats émirati", "Emirat Emirates"),
        ("ab??", "ab", "abcd", "abc abcde"),
        ("col*r", "col", "colr color colour colabcdefghijr", "colabcdefghijkr colors"),
        ("organi?ation*", "organi", "organisation organizations organisationsentwicklungen", "organiation"),
        ("ab?*", "ab", "abc abcd", "ab"),
        ("ab*?", "ab", "abc abcd", "ab"),
        ("man?uvre", "man", "manauvre", "manuvre manoeuvre"),
        ("Зелен?к*й", "зелен", "Зеленский", "Зеленский*x"),
        ("3.5?", "3.5", "3.51", "3x51"),
    ],
)
def test_wildcards_are_a_pattern_over_the_folded_word(text: str, letters: str, found: str, not_found: str) -> None:
    (part,) = word(text)

    assert (part.letters, part.is_open) == (letters, True)
    assert part.pattern is not None
    for pieces, fits in ((found, True), (not_found, False)):
        for piece in fold_words(pieces.split()):
            assert bool(re.fullmatch(part.pattern, piece)) is fits, piece
            assert not fits or piece.startswith(letters)


def test_in_a_phrase_a_question_mark_at_the_end_of_a_word_is_one() -> None:
    assert phrase("Who? Kennedy?") == (Part("who"), Part("kennedy"))
    assert phrase("谁?") == (Part("谁"),)
    assert phrase("wom?n rights")[0].pattern is not None
    assert phrase("wom?n*?")[0].pattern is not None


# ── as written, and stems ────────────────────────────────────────────────────────────────────────────────────────────


def test_an_exact_word_keeps_what_is_written_beside_its_folded_form() -> None:
    assert parts_of("Le Monde", 1, quoted=True, exact=True) == (Part("le", exact="Le"), Part("monde", exact="Monde"))
    assert parts_of("ＯＴＡＮ*", 1, quoted=False, exact=True) == (Part("otan", is_open=True, exact="OTAN"),)
    assert parts_of("C#", 1, quoted=False, exact=True) == (Part("c", exact="C", sign="#"),)


def test_a_stem_keeps_the_word_in_lower_case_with_its_accents() -> None:
    assert parts_of("Élection", 1, quoted=False, stem=True) == (Part("election", stem="élection"),)
    assert parts_of("crises graves", 1, quoted=True, stem=True) == (
        Part("crises", stem="crises"),
        Part("graves", stem="graves"),
    )


# ── errors ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "column", "advice"),
    [
        pytest.param("…", 11, "no letter or digit", id="nothing to search for"),
        pytest.param("a*", 12, "two letters right before", id="one letter before a star"),
        pytest.param("l’u*", 14, "two letters right before", id="of the second word"),
        pytest.param("a?c", 12, "as in wom?n", id="one letter before a question mark"),
        pytest.param("*", 11, "two letters right before", id="a lone star"),
        pytest.param("C++*", 14, "two letters right before", id="a star behind a sign"),
        pytest.param("*ine", 11, "beginning of a word", id="a leading star"),
        pytest.param("?raine", 11, "beginning of a word", id="a leading question mark"),
        pytest.param("euro-*ique", 16, "beginning of a word", id="a leading star of the second word"),
        pytest.param("ab?c?d?e?f?", 13, "at most 4 wildcards", id="too many wildcards"),
        pytest.param("北*约", 12, "BEFORE/3", id="a star between characters"),
        pytest.param("北约?", 13, "without spaces", id="a question mark behind a character"),
    ],
)
def test_what_means_something_else_is_refused_with_advice(text: str, column: int, advice: str) -> None:
    with pytest.raises(RuleError) as refusal:
        parts_of(text, 11, quoted=False)

    assert refusal.value.column == column
    assert advice in refusal.value.message


@pytest.mark.parametrize(
    ("text", "mode", "column", "advice"),
    [
        pytest.param("", "", 1, "the phrase is empty", id="an empty phrase"),
        pytest.param("« »", "", 1, "no letter or digit", id="only punctuation"),
        pytest.param("a * b", "", 3, "two letters right before", id="a lone star"),
        pytest.param("Le wom?n", "exact", 7, "as in =OTAN*", id="a wildcard in an exact word"),
        pytest.param("la crise*", "stem", 9, "finds all forms", id="a star behind a stem"),
    ],
)
def test_a_phrase_is_refused_where_the_fault_stands(text: str, mode: str, column: int, advice: str) -> None:
    with pytest.raises(RuleError) as refusal:
        parts_of(text, 1, quoted=True, exact=mode == "exact", stem=mode == "stem")

    assert refusal.value.column == column
    assert advice in refusal.value.message


# ── promises ─────────────────────────────────────────────────────────────────────────────────────────────────────────


ODD_TEXT = st.text(st.one_of(st.sampled_from("aéß'-* ?&+#°№北ไйї5,."), st.characters()), max_size=20).map(clean)


@repeatable
@given(ODD_TEXT)
def test_without_wildcards_a_phrase_is_exactly_its_words(text: str) -> None:
    plain = text.replace("*", "").replace("?", "") + " x"

    assert [part.letters for part in phrase(plain)] == list(fold_words(written_words(plain)))


@repeatable
@given(ODD_TEXT, st.booleans())
def test_whatever_is_written_is_read_or_refused_where_it_stands(text: str, quoted: bool) -> None:
    refused = None
    parts: tuple[Part, ...] = ()
    try:
        parts = parts_of(text, 1, quoted=quoted)
    except RuleError as error:
        refused = error

    assert refused is None or 1 <= refused.column <= max(1, len(text))
    assert refused or all(part.letters for part in parts)
    assert all(re.compile(part.pattern) for part in parts if part.pattern)


def test_a_hostile_word_does_not_keep_a_pattern_busy() -> None:
    (part,) = word("ab*c*d*e*f")
    pattern = part.pattern
    assert pattern is not None

    must_end(lambda: re.search(pattern, "ab" + "cde" * 10_000), cpu_seconds=5)

    assert re.search(pattern, "ab" + "cde" * 10_000) is None
