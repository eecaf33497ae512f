"""Cleaning, HTML to text, folding, words, excerpts, digests."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.text import (
    APOSTROPHES,
    clean,
    digest,
    excerpt,
    fingerprint,
    fold,
    html_to_text,
    one_line,
    plain_text,
    title_text,
    tokenize,
)
from tests.effort import must_end

# The same examples every time, however slow the machine.
repeatable = settings(deadline=None, derandomize=True)

# Letters, signs and separators of many scripts in unusual neighbourhoods.
ODD_TEXT = st.text(
    st.one_of(
        st.sampled_from("aéßœÆøŁđıİ'’ʼ-_ \u00ad\u200d\u200bйїёЖ́北ダﾀﾞไทยهَـ한ﬁＡ𝐔²½\n"),
        st.characters(),
    ),
    max_size=40,
)


def words(text: str) -> list[str]:
    return list(tokenize(text).words)


# ── cleaning ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        pytest.param("e\u0301te\u0301", "été", id="decomposed accents are composed"),
        pytest.param("a\x00b\x1b[31mc\x7f", "ab[31mc", id="controls are dropped"),
        pytest.param("a\ud83db", "ab", id="a lone surrogate is dropped"),
        pytest.param("abc\u202etxt.exe", "abctxt.exe", id="a direction override is dropped"),
        pytest.param("Ukr\u00adaine\u200b\ufeff\u2060", "Ukraine", id="invisible characters are dropped"),
        pytest.param("94\u00a0000\u202fsoldats\u3000!\t?", "94 000 soldats ! ?", id="every space is a space"),
        pytest.param("a\r\nb\rc\u2028d\x85e", "a\nb\nc\nd\ne", id="every line break is a line feed"),
        pytest.param("می\u200cخواهم", "می\u200cخواهم", id="a joiner that is spelling stays"),
        pytest.param("👩\u200d🚀", "👩\u200d🚀", id="a joiner that glues emoji stays"),
        pytest.param("O\u200dT\u200cAN", "OTAN", id="a joiner between Latin letters is dropped"),
        pytest.param("«\u00a0Guerre\u00a0» – l’OTAN", "« Guerre » – l’OTAN", id="quotes, dashes and apostrophes stay"),
    ],
)
def test_clean_text_holds_nothing_hostile_or_invisible(raw: str, cleaned: str) -> None:
    assert clean(raw) == cleaned


@repeatable
@given(st.text())
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    once = clean(text)

    assert clean(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert once.encode().decode() == once  # no lone surrogate


def test_a_tower_of_accents_costs_no_quadratic_time() -> None:
    tower = "a" + "\u0300\u0316" * 500_000  # all of it normalised would take a quarter of an hour

    must_end(lambda: clean(tower), cpu_seconds=5)

    assert len(clean(tower)) <= 31


def test_one_line_collapses_space_and_is_cut_with_an_ellipsis() -> None:
    assert one_line(" Un\n titre  long ", 100) == "Un titre long"
    assert one_line("Un titre long", 9) == "Un titre…"
    assert one_line("Un titre long", 4) == "Un…"


def test_plain_text_keeps_its_lines_and_loses_empty_ones() -> None:
    assert plain_text("  Un \t deux\r\n\r\n\u00a0\n trois") == "Un deux\ntrois"


# ── HTML ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("html", "text"),
    [
        pytest.param("Rien à\nchanger", "Rien à changer", id="plain text passes, a source line break is a space"),
        pytest.param("l’<b>O</b>TAN", "l’OTAN", id="inline markup does not split a word"),
        pytest.param("<p>Un</p><p>Deux</p>", "Un\nDeux", id="paragraphs are lines"),
        pytest.param("Un<br>deux<br/>trois", "Un\ndeux\ntrois", id="br breaks the line"),
        pytest.param("<ul><li>a<li>b</ul>c", "a\nb\nc", id="list items are lines, also unclosed ones"),
        pytest.param("<table><tr><td>a<td>b</table>", "a\nb", id="cells do not run together"),
        pytest.param("<div>a<div>b</div>c</div>", "a\nb\nc", id="text before, in and after a block"),
        pytest.param("a<script>alert('b')</script><style>p{}</style>c", "ac", id="scripts and styles are gone"),
        pytest.param("<noscript>JS!</noscript><template>t</template><svg><text>s</text></svg>a", "a", id="no prose"),
        pytest.param("<html><head><title>Page</title></head><body><p>Texte</body>", "Texte", id="the head is gone"),
        pytest.param(
            "AT&amp;T &eacute;t&#233; &laquo;&nbsp;a&nbsp;&raquo;", "AT&T été « a »", id="entities are decoded"
        ),
        pytest.param("<p>a < b et c > d</p>", "a < b et c > d", id="a bare angle bracket is text"),
        pytest.param("<p>Ukr&shy;aine</p>", "Ukraine", id="a soft hyphen is gone"),
        pytest.param("<p> \n </p><p>a  \n b</p>", "a b", id="no empty lines, no double spaces"),
        pytest.param("<ruby>漢<rt>かん</rt>字<rt>じ</rt></ruby>", "漢字", id="readings do not tear a word apart"),
        pytest.param("<!-- x -->a<![CDATA[b]]>", "a", id="comments are gone"),
        pytest.param("<p>a\ud83d</p>", "a", id="a lone surrogate is no error"),
        pytest.param("<frameset><frame></frameset>", "", id="a frameset has no text"),
        pytest.param("", "", id="nothing gives nothing"),
    ],
)
def test_html_becomes_plain_text(html: str, text: str) -> None:
    assert html_to_text(html) == text


@pytest.mark.parametrize(
    "html",
    [
        pytest.param("<div>" * 100_000 + "Fin", id="deeply nested blocks"),
        pytest.param("<b><i>" * 50_000 + "<p>Fin", id="unclosed formatting"),
        pytest.param("<script>" * 50_000 + "</script>Fin", id="scripts never closed"),
        pytest.param("<a " + " ".join(f"x{n}=1" for n in range(60_000)) + ">Fin", id="attributes without number"),
        pytest.param("<" * 200_000 + "p>Fin", id="nothing but angle brackets"),
    ],
)
def test_hostile_html_does_not_keep_its_reader_busy(html: str) -> None:
    def read() -> None:
        assert html_to_text(html).endswith("Fin")

    must_end(read, cpu_seconds=10)


def test_a_document_too_big_for_a_tree_reads_the_same() -> None:
    paragraph = '<p class="x">l’<b>O</b>TAN &amp; a < b</p><script>if (a<b) {}</script><style>p{}</style>'

    text = html_to_text(paragraph * 3_000)

    assert text == "\n".join([html_to_text(paragraph)] * 3_000)


@pytest.mark.parametrize(
    ("raw", "title"),
    [
        pytest.param("a < b > c", "a < b > c", id="angle brackets survive"),
        pytest.param("AT&T", "AT&T", id="a bare ampersand survives"),
        pytest.param("AT&amp;T", "AT&T", id="an entity is decoded"),
        pytest.param("L&amp;#8217;OTAN", "L’OTAN", id="an entity escaped twice is decoded"),
        pytest.param("Q&lt;A &amp; R&sect1", "Q<A & R&sect1", id="what only looks like an entity survives"),
        pytest.param("<b>L’O</b>TAN", "L’OTAN", id="markup is dropped without splitting a word"),
        pytest.param('<a href="/x">Un</a><br/>deux', "Un deux", id="links are dropped, a line break is a space"),
        pytest.param("Vector<T> et i<b and c>d", "Vector<T> et i<b and c>d", id="what is no markup survives"),
        pytest.param(" Un\n\ttitre ", "Un titre", id="one line"),
        pytest.param("&#xd800;&#0;a", "��a", id="impossible characters are replaced"),
    ],
)
def test_a_title_is_one_plain_line(raw: str, title: str) -> None:
    assert title_text(raw) == title


# ── folding and words ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        pytest.param("États", "etats", id="Latin accents go"),
        pytest.param("Straße STRASSE", "strasse strasse", id="sharp s"),
        pytest.param("Œuvre Ærø Łódź Đà", "oeuvre aero lodz da", id="ligatures and strokes"),
        pytest.param("İstanbul ISTANBUL Diyarbakır", "istanbul istanbul diyarbakir", id="Turkish i"),
        pytest.param("Ὀδυσσεύς ΟΔΥΣΣΕΥΣ", "οδυσσευσ οδυσσευσ", id="Greek accents and the final sigma"),
        pytest.param("Ёлка Ки́їв й ў ґ", "елка київ й ў ґ", id="Cyrillic keeps its letters, loses stress and ё"),
        pytest.param("ＮＡＴＯ ﬁn", "nato fin", id="width and ligatures of typesetting"),
        pytest.param("ʼ’‘`´＇", "''''''", id="one kind of apostrophe"),
        pytest.param("الأُمَم المتّحدة", "الامم المتحدة", id="Arabic without vowel signs, one alef"),
        pytest.param("ایران مـصر", "ايران مصر", id="one ya, no tatweel"),
        pytest.param("עִבְרִית", "עברית", id="Hebrew without points"),
        pytest.param("١٢٣ ۴۵۶", "123 456", id="Arabic-Indic digits"),
        pytest.param("ガ ﾀﾞ हिन्दी ไม่", "ガ ダ हिन्दी ไม่", id="kana, Devanagari and Thai keep their signs"),
    ],
)
def test_folding_is_blind_to_case_accents_and_width(written: str, folded: str) -> None:
    assert fold(written) == folded


@repeatable
@given(ODD_TEXT)
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize("apostrophe", APOSTROPHES)
def test_every_apostrophe_divides_latin_and_joins_cyrillic_words(apostrophe: str) -> None:
    assert words(f"l{apostrophe}OTAN, NATO{apostrophe}s") == ["l", "otan", "nato", "s"]
    assert words(f"об{apostrophe}єднання") == ["об'єднання"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Etats-Unis, euro–atlantique", ["etats", "unis", "euro", "atlantique"], id="hyphens divide"),
        pytest.param("snake_case", ["snake", "case"], id="an underscore is no letter"),
        pytest.param("AT&T C++ F-16 G7", ["at", "t", "c", "f", "16", "g7"], id="signs divide, digits are letters"),
        pytest.param("«\u00a0garanties\u00a0»…", ["garanties"], id="punctuation is no word"),
        pytest.param("'слово' д’", ["слово", "д"], id="a Cyrillic quote is no apostrophe"),
        pytest.param("北约NATO", ["北", "约", "nato"], id="Han characters one by one"),
        pytest.param("ﾀﾞカ゚", ["ダ", "カ゚"], id="kana with their sound marks"),
        pytest.param("ไม่", list("ไม่"), id="Thai one by one, signs too"),
        pytest.param("북한 핵", ["북한", "핵"], id="Hangul are words"),
        pytest.param("हिन्दी में", ["हिन्दी", "में"], id="vowel signs belong to the word"),
        pytest.param("e\u0301te\u0301", ["ete"], id="combining accents belong to the word"),
        pytest.param("Ukr\u00adai\u200bne می\u200cخواهم", ["ukraine", "ميخواهم"], id="invisible ones are overlooked"),
        pytest.param("ـ \u3164 \u0301 ’ _", [], id="signs alone are no word"),
        pytest.param("🇺🇦Ukraine🪖", ["ukraine"], id="emoji divide"),
    ],
)
def test_words_are_what_a_reader_takes_for_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_offsets_point_into_the_text_as_it_was_given() -> None:
    text = "«\u00a0L’Ukr\u00adaine\u00a0», Straße, 北约"

    tokens = tokenize(text)

    pieces = [text[start:end] for start, end in zip(tokens.starts, tokens.ends, strict=True)]
    assert pieces == ["L", "Ukr\u00adaine", "Straße", "北", "约"]


@repeatable
@given(ODD_TEXT)
def test_every_word_is_the_folded_piece_at_its_offsets(text: str) -> None:
    tokens = tokenize(text)

    positions = [place for span in zip(tokens.starts, tokens.ends, strict=True) for place in span]
    assert positions == sorted(positions)
    for word, start, end in zip(tokens.words, tokens.starts, tokens.ends, strict=True):
        assert word
        assert start < end
        assert fold(text[start:end]) == word


@repeatable
@given(ODD_TEXT, ODD_TEXT)
def test_words_do_not_depend_on_what_stands_before_a_space(before: str, after: str) -> None:
    assert words(f"{before} | {after}") == words(before) + words(after)


# ── excerpts ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_short_text_is_shown_whole_on_one_line() -> None:
    shown = excerpt("Un mot.\nUkraine.", [(8, 15)])

    assert shown.text == "Un mot. Ukraine."
    assert [shown.text[start:end] for start, end in shown.marks] == ["Ukraine"]


def test_a_long_text_is_cut_between_words_around_the_first_match() -> None:
    text = "avant " * 100 + "Ukraine et l’OTAN" + " après" * 100
    spans = [(place, place + len(word)) for word in ("OTAN", "Ukraine") for place in (text.index(word),)]

    shown = excerpt(text, spans, width=80)

    assert len(shown.text) <= 80
    assert shown.text.startswith("…avant ")
    assert shown.text.endswith(" après…")
    assert [shown.text[start:end] for start, end in shown.marks] == ["Ukraine", "OTAN"]


def test_without_a_match_the_beginning_is_shown() -> None:
    shown = excerpt("mot " * 100, [], width=20)

    assert shown.text == "mot mot mot mot…"
    assert shown.marks == ()


def test_overlapping_matches_become_one_mark() -> None:
    assert excerpt("l’Alliance atlantique", [(0, 10), (2, 21)]).marks == ((0, 21),)


@repeatable
@given(
    st.text("ab \n北", max_size=200),
    st.lists(st.tuples(st.integers(0, 200), st.integers(1, 30)), max_size=4),
    st.integers(10, 60),
)
def test_marks_always_lie_within_the_excerpt_on_what_was_matched(
    text: str, places: list[tuple[int, int]], width: int
) -> None:
    spans = [(start, min(start + length, len(text))) for start, length in places if start < len(text)]

    shown = excerpt(text, spans, width=width)

    flat = text.replace("\n", " ")
    assert len(shown.text) <= width
    assert shown.text.strip("…") in flat
    assert bool(shown.marks) == bool(spans)
    for start, end in shown.marks:
        assert 0 <= start < end <= len(shown.text)
        assert shown.text[start:end] in flat


# ── digests ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_digest_tells_parts_and_none_apart() -> None:
    digests = {digest("ab", "c"), digest("a", "bc"), digest("abc"), digest("abc", ""), digest("abc", None), digest()}

    assert len(digests) == 6
    assert all(0 <= value < 2**63 for value in digests)


def test_a_digest_stays_the_same_from_release_to_release() -> None:
    assert digest("OTAN", None, "é") == 6260118431119850479


def test_copies_that_differ_in_case_and_punctuation_share_a_fingerprint() -> None:
    text = "Les ministres se réunissent mardi à Bruxelles, pour parler d’une aide militaire, de l’hiver qui vient. " * 2

    assert fingerprint("L’OTAN réunit", text) == fingerprint("L'OTAN Reunit !", text.upper().replace(",", " —"))
    assert fingerprint("L’OTAN réunit", text) != fingerprint("L’UE réunit", text)
    assert fingerprint("L’OTAN réunit", text) != fingerprint("L’OTAN réunit", text.replace("mardi", "lundi"))


def test_short_texts_have_no_fingerprint() -> None:
    assert fingerprint("Un titre assez long pour compter", "mot " * 19) is None
    assert fingerprint("", "mot " * 20) is not None


@pytest.mark.parametrize("name", ["iframe", "object", "video", "svg", "textarea", "noscript"])
@pytest.mark.parametrize(
    ("html", "text"),
    [
        pytest.param('<p>a</p><NAME src="x"/><p>b</p>', "a\nb", id="closed the XML way"),
        pytest.param('<p>a</p><NAME src="x"><p>b</p>', "a\nb", id="never closed"),
        pytest.param("<p>a</p><NAME>no</NAME><NAME><p>b</p>", "a\nb", id="closed once, not twice"),
        pytest.param("<p>a</p><NAME>not shown</NAME><p>b</p>", "a\nb", id="closed"),
    ],
)
def test_what_is_embedded_never_swallows_the_text_after_it(name: str, html: str, text: str) -> None:
    assert html_to_text(html.replace("NAME", name)) == text
    padding = "<i></i>" * 5_000  # too many tags for a tree
    assert html_to_text(html.replace("NAME", name) + padding) == text


@pytest.mark.parametrize(
    "markup",
    [
        "<script>alert('1')</script>",
        '<script type="text/javascript">location = "x";</script>',
        '<embed src="x">',
        '<meta http-equiv="Refresh" content="0">',
        '<iframe src="x"></iframe>',
        '<iframe src="x"/>',
        "<!-- hidden -->",
        "<!-- never closed",
    ],
)
def test_code_in_a_title_is_no_words_of_it(markup: str) -> None:
    assert title_text(f"NATO{markup}") == "NATO"


def test_words_that_look_like_code_stay_in_a_title() -> None:
    for title in ("The <script> element", "vector<script>", "a <object b> c", "x <!= y"):
        assert title_text(title) == title
