"""Reading rules and texts: words, numbers, signs, sentences."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.rules.stemming import stem_keys
from monitor.rules.words import (
    exact_form,
    fold_words,
    locate,
    sentence_starts,
    sign_after,
    stem_form,
    written_words,
)
from monitor.text import APOSTROPHES, clean, fold
from tests.effort import must_end

# The same examples every time, however slow the machine.
repeatable = settings(deadline=None, derandomize=True)

# Letters, digits, signs and separators of many scripts in unusual neighbourhoods.
ODD_TEXT = st.text(
    st.one_of(
        st.sampled_from("aéßœıİ'’-_ .,&+#°º№\u00ad\u200d\u200bйїЁ́北ダﾀﾞไทยهَـ한ﬁＡ𝐔²½012३٣٬\n\u00a0🪖"),
        st.characters(),
    ),
    max_size=40,
)
NUMBERS = st.text("0123456789.,' -a", max_size=20)


def words(text: str) -> list[str]:
    return list(fold_words(written_words(text)))


# ── words ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("l’OTAN, NATO's NATO'nun", ["l", "otan", "nato", "s", "nato", "nun"], id="apostrophes divide"),
        pytest.param("Etats-Unis, euro–atlantique", ["etats", "unis", "euro", "atlantique"], id="hyphens divide"),
        pytest.param("snake_case and/or a.b", ["snake", "case", "and", "or", "a", "b"], id="_ / and . divide"),
        pytest.param("об’єднання 'слово' д’", ["об'єднання", "слово", "д"], id="a Cyrillic apostrophe is spelling"),
        pytest.param("п’ятдесятип’ятирічний", ["п'ятдесятип'ятирічний"], id="twice in a word"),
        pytest.param("об’єднання l’été", ["об'єднання", "l", "ete"], id="in one text with a French one"),
        pytest.param("nº5 N° 5 2ª № 7", ["n", "5", "n", "5", "2", "n", "7"], id="ordinal signs are no letters"),
        pytest.param("G20 COVID-19 MH17 5G F-16", ["g20", "covid", "19", "mh17", "5g", "f", "16"], id="with digits"),
        pytest.param("北约NATO：1万", ["北", "约", "nato", "1", "万"], id="Han characters one by one"),
        pytest.param("𠮷野家 𝐔𝐤𝐫🪖2,5", ["𠮷", "野", "家", "ukr", "2.5"], id="letters of the higher planes"),
        pytest.param("ﾀﾞｶﾞカ゚ﾀ", ["ダ", "ガ", "カ゚", "タ"], id="kana with their sound marks"),
        pytest.param("ไม่", list("ไม่"), id="Thai one by one, signs too"),
        pytest.param("북한 핵", ["북한", "핵"], id="Hangul are words"),
        pytest.param("हिन्दी में", ["हिन्दी", "में"], id="vowel signs belong to the word"),
        pytest.param("e\u0301te\u0301 CO₂ km²", ["ete", "co2", "km2"], id="combining accents and small digits"),
        pytest.param("Ukr\u00adai\u200bne می\u200cخواهم", ["ukraine", "ميخواهم"], id="invisible ones are overlooked"),
        pytest.param("ـ \u3164 \u0301 ’ _ º ª & + # °", [], id="signs alone are no word"),
        pytest.param("Straße STRASSE Œuvre İstanbul Ёлка", "strasse strasse oeuvre istanbul елка".split(), id="folded"),
    ],
)
def test_words_are_what_a_reader_takes_for_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "1,000; 1.000; 1'000; 1’000; 1 000; 1\u00a0000; 1\u202f000; 1000", ["1000"] * 8, id="groups of three"
        ),
        pytest.param("1,234,567.89; 1.234.567,89; 1 234 567,89; 1'234'567.89", ["1234567.89"] * 4, id="and decimals"),
        pytest.param("3,5 3.5 0,125 0.125", ["3.5", "3.5", "0.125", "0.125"], id="decimals; no group begins with 0"),
        pytest.param("1,00,000 12,34,567.5", ["100000", "1234567.5"], id="Indian groups"),
        pytest.param("١٬٠٠٠ ٣٫٥ १,००० ५ １", ["1000", "3.5", "1000", "5", "1"], id="digits of other scripts"),
        pytest.param("22.11.2026 3.11.2 v2.0.1", "22 11 2026 3 11 2 v2 0 1".split(), id="dates and versions"),
        pytest.param(
            "1,000,00; 1,0000; 10.000.2", "1 000 00 1.0000 10 000 2".split(), id="what only looks like groups"
        ),
        pytest.param(
            "06 123 456; 01 42 55 100; 1 800 12", "06 123 456 01 42 55 100 1 800 12".split(), id="telephone numbers"
        ),
        pytest.param("en 2022 500 hommes", ["en", "2022", "500", "hommes"], id="a year is no first group"),
        pytest.param("COVID-19 100 cas, 10-15 000", ["covid", "19", "100", "cas", "10", "15000"], id="behind a hyphen"),
        pytest.param("94 000 soldats, 1,000, 2.000.", ["94000", "soldats", "1000", "2000"], id="in a sentence"),
        pytest.param("3,5kg 1.5bn $1,000 23,5% 5 000er", ["3.5kg", "1.5bn", "1000", "23.5", "5000er"], id="with units"),
        pytest.param("有1,000人", ["有", "1000", "人"], id="among characters"),
        pytest.param("1  000; 1\n000; 1, 000", ["1", "000"] * 3, id="one space, no line break"),
        pytest.param("A20.5 é20,000 𐍈,123", ["a20", "5", "e20", "000", "𐍈", "123"], id="not from the middle of a word"),
    ],
)
def test_a_number_is_one_word_however_it_is_written(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize("apostrophe", APOSTROPHES)
def test_every_apostrophe_divides_latin_and_joins_cyrillic_words(apostrophe: str) -> None:
    assert words(f"l{apostrophe}OTAN") == ["l", "otan"]
    assert words(f"об{apostrophe}єднання") == ["об'єднання"]


@repeatable
@given(ODD_TEXT | NUMBERS)
def test_every_word_stands_where_it_is_said_to_stand(text: str) -> None:
    written = written_words(text)

    spans = locate(written, text)

    assert [text[start:end] for start, end in spans] == written
    assert sorted(spans) == spans


@repeatable
@given(ODD_TEXT | NUMBERS)
def test_a_word_is_never_empty_and_folding_it_twice_changes_nothing(text: str) -> None:
    folded = fold_words(written_words(text))

    assert all(folded)
    assert fold_words(folded) == folded


@repeatable
@given(ODD_TEXT | NUMBERS)
def test_a_word_alone_is_the_word(text: str) -> None:
    for word in written_words(text):
        assert written_words(word) == [word]


@repeatable
@given(ODD_TEXT | NUMBERS)
def test_cleaning_a_clean_text_changes_no_word(text: str) -> None:
    once = clean(text)

    assert words(clean(once)) == words(once)


@repeatable
@given(st.text("aéЖйї北ไน한ﾀ 5-\u00ad\u200b\u2060\u0301\ufeff", max_size=30))
def test_what_cleaning_takes_from_words_does_not_count(text: str) -> None:
    assert words(clean(text)) == words(text)


@repeatable
@given(ODD_TEXT, ODD_TEXT)
def test_words_do_not_depend_on_what_stands_behind_a_bar(before: str, after: str) -> None:
    assert words(f"{before} | {after}") == words(before) + words(after)


@repeatable
@given(st.text(st.characters(categories=["L", "M", "Zs", "P"], exclude_characters="ªº"), max_size=30))
def test_letters_alone_read_as_they_are_folded(text: str) -> None:
    assert words(text) == [fold(word) for word in written_words(text)]


def test_many_words_do_not_fill_the_memory() -> None:
    for batch in range(12):
        assert fold_words([f"É{batch}x{number}" for number in range(10_000)])[0] == f"e{batch}x0"


# ── words as they are written ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("written", "exact"),
    [
        ("OTAN", "OTAN"),
        ("Élection", "Élection"),
        ("E\u0301lection", "Élection"),
        ("ＯＴＡＮ", "OTAN"),
        ("ﾀﾞ", "ダ"),
        ("Ukr\u00adaine", "Ukraine"),
        ("об’єднання", "об'єднання"),
        ("مـصر", "مصر"),
    ],
)
def test_an_exact_word_keeps_case_and_accents_only(written: str, exact: str) -> None:
    assert exact_form(written) == exact
    assert stem_form(written) == exact.lower()


# ── signs ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "word", "sign"),
    [
        ("AT&T", "AT", "&"),
        ("AT & T", "AT", "&"),
        ("AT & ", "AT", ""),
        ("AT &\nT", "AT", ""),
        ("R＆D", "R", "&"),
        ("C++ is", "C", "++"),
        ("C+++", "C", "++"),
        ("Canal+", "Canal", "+"),
        ("Canal +", "Canal", ""),
        ("C#", "C", "#"),
        ("C♯", "C", "#"),
        ("n° 5", "n", "°"),
        ("nº5", "n", "°"),
        ("n˚5", "n", "°"),
        ("N.º 5", "N", "°"),
        ("№ 5", "№", "°"),
        ("C.", "C", ""),
        ("C", "C", ""),
        ("C, C++", "C", ""),
    ],
)
def test_a_sign_stands_at_the_end_of_its_word(text: str, word: str, sign: str) -> None:
    assert sign_after(text, len(word)) == sign


# ── sentences ────────────────────────────────────────────────────────────────────────────────────────────────────────


# "|" stands where a sentence begins.
@pytest.mark.parametrize(
    "marked",
    [
        "The war goes on. |NATO met.",
        "«\u00a0Guerre\u00a0!\u00a0» |Il est parti. |« Nous verrons », dit-il.",
        "« Vraiment ? » demande-t-il.",
        'Er sagte: "Nein." |"Doch!" |Sie ging.',
        "Er ging. |»Nein«, sagte sie. |„Doch“.",
        "He came … |Then Dr... |And we?! |Yes. |``No.''",
        "¿Qué? |¡Nada! |¿Por qué?",
        "— Нет. |— Да.",
        "It rose 3.5 percent. |1,000 came.",
        "Title without a stop\n|Next line. |And more\n\n|Last",
        "and so on. and so forth.",
        # abbreviations, initials
        "Dr. Smith met Mr. J. K. Rowling and Gen. Milley in St. Louis.",
        "The U.S. State Dept. and Acme Inc. Announced it, e.g. Monday.",
        "Mme. Dupont et M. Macron, av. Foch. |Il",
        "Gemäß Art. 5 des Vertrags, z. B. Nr. 3, d.h. Bd. II.",
        "Sr. García y la Sra. López, pág. 5, n.º 3. |Fin",
        "г. Москва, ул. Ленина, т.е. Россия и т.д. Он",
        "Read lemonde.fr. |Det sade hon. |Dans l’est. |El AVE. |In the West.",
        "He said no. |Then he left, see p. 5 and No. 7.",
        # ordinals
        "Am 3. Mai traf der 1. FC Köln am 24. Dezember ein.",
        "He was 34. |He died in 2022. |She did not.",
        # other scripts
        "北约开会。|乌克兰说：“好！”|他走了？|是",
        "彼は「そうです。」と述べた。|次の文。",
        "हाँ। |नहीं।",
        "هل جاء؟ |نعم. |لا",
        "ไทย. ไทย ไทย 5. ไทย",
        "Αυτό. |Εκείνο; όχι",
        "우크라이나. |나토는",
        "သည်။ |သည်",
        "ቃል። |ቃል",
        "",
        "\nA",
    ],
)
def test_sentences_begin_where_a_reader_begins_one(marked: str) -> None:
    expected = [0]
    for piece in marked.split("|")[:-1]:
        expected.append(expected[-1] + len(piece))
    if marked == "\nA":
        expected = [0, 1]

    assert sentence_starts(marked.replace("|", "")) == expected


@repeatable
@given(ODD_TEXT | st.text('aA.!?… »"«\n。」3', max_size=40))
def test_sentences_begin_at_ascending_places_and_every_line_begins_one(text: str) -> None:
    starts = sentence_starts(text)

    assert starts[0] == 0
    assert starts == sorted(set(starts))
    assert all(0 <= start <= len(text) for start in starts)
    for place, character in enumerate(text):
        if character == "\n" and text[place + 1 :].strip():
            assert any(not text[place + 1 : start].strip() for start in starts if start > place)


# ── time ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

HOSTILE = {
    "one word": "a",
    "words": "a ",
    "digits": "1",
    "groups": "1,000,",
    "grouped by spaces": "100 ",
    "three digits and a comma": "100,",
    "decimals": "1.",
    "two digits and a comma": "10,",
    "apostrophes": "'",
    "Cyrillic apostrophes": "б'",
    "marks": "\u0301",
    "invisible": "\u00ad",
    "digits and invisible": "1\u00ad",
    "Han": "北",
    "sound marks": "ﾀﾞ",
    "emoji": "🪖",
    "signs": "&+",
    "spaces": " ",
    "lines": "\n",
    "lines and spaces": "\n ",
    "dots": ".",
    "dots and spaces": ". ",
    "wide dots": "。",
    "closing quotes": "»",
    "spaced closing quotes": " »",
    "stops and quotes": '."',
    "a stop and many quotes": '.""""""""""""""""',
    "stops and opening quotes": ". («",
    "sentences": "Ab. ",
    "one-letter sentences": "A.",
}


@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("read", [written_words, lambda text: fold_words(written_words(text)), sentence_starts])
def test_a_hostile_text_does_not_keep_its_reader_busy(read: Callable[[str], object], piece: str) -> None:
    def read_all() -> None:
        for text in (piece, "." + piece, "1" + piece, "A. " + piece):
            read(text[: -len(piece)] + piece * (300_000 // len(piece)) + "\u00b7")

    must_end(read_all, cpu_seconds=30)  # squared, it would take minutes


@pytest.mark.parametrize(
    "read",
    [
        pytest.param(exact_form, id="as written"),
        pytest.param(lambda word: fold_words([word]), id="folded"),
        pytest.param(partial(stem_keys, language="fr"), id="stem"),
    ],
)
def test_no_hostile_word_is_kept_in_memory(read: Callable[[str], object]) -> None:
    tracemalloc.start()
    try:
        for number in range(200):
            read(f"é{number}" + "é" * 10_000)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert kept < 500_000  # of four million
