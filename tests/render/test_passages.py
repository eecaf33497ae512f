"""Pieces of articles: the words that matched are marked, in every script, and nothing else is changed."""

from __future__ import annotations

import pytest

from monitor.render.passages import COLUMNS, LEAD_LIMIT, direction, filled, lead, marks_of, pieces, plain, web_link
from tests.mails import body
from tests.render.builders import a_story, flowing, marked, shown


def words_in(text: str, *words: str) -> list[str]:
    """What is marked of a text."""
    return [text[low:high] for low, high in marks_of(text, words)]


@pytest.mark.parametrize(
    ("text", "words", "found"),
    [
        pytest.param("L’OTAN et l’Otan", ["OTAN"], ["OTAN"], id="as the article writes it"),
        pytest.param("notation, OTANs, OTAN.", ["OTAN"], ["OTAN"], id="whole words only"),
        pytest.param(
            "air strike, air strikes", ["air strike", "air strikes"], ["air strike", "air strikes"], id="long"
        ),
        pytest.param("Alliance\natlantique", ["Alliance atlantique"], ["Alliance\natlantique"], id="over a line's end"),
        pytest.param("北约外长讨论北约", ["北约"], ["北约", "北约"], id="where no space is set"),
        pytest.param("ประชุมนาโตวันนี้", ["นาโต"], ["นาโต"], id="Thai"),
        pytest.param("AT&T (C++)", ["AT&T", "C++"], ["AT&T", "C++"], id="signs"),
        pytest.param("a.b axb", ["a.b"], ["a.b"], id="a dot is a dot"),
        pytest.param("nothing", [], [], id="no words"),
        pytest.param("nothing", [""], [], id="an empty word"),
    ],
)
def test_words_are_found_as_they_are_written(text: str, words: list[str], found: list[str]) -> None:
    assert words_in(text, *words) == found


@pytest.mark.parametrize(
    ("marks", "cut"),
    [
        pytest.param([(0, 2), (3, 5)], [("ab", True), (" ", False), ("cd", True)], id="two"),
        pytest.param([(0, 3), (2, 5)], [("ab ", True), ("cd", True)], id="two that overlap"),
        pytest.param([(3, 99)], [("ab ", False), ("cd", True)], id="one beyond the end"),
        pytest.param([(7, 9)], [("ab cd", False)], id="one outside"),
        pytest.param([(-3, 2)], [("ab", True), (" cd", False)], id="one from before the beginning"),
        pytest.param([], [("ab cd", False)], id="none"),
    ],
)
def test_a_text_is_cut_where_marks_begin_and_end(marks: list[tuple[int, int]], cut: list[tuple[str, bool]]) -> None:
    assert pieces("ab cd", marks) == tuple(cut)
    assert plain(pieces("ab cd", marks)) == "ab cd"


def test_a_thousand_marks_keep_every_letter() -> None:
    text = "Україна і Ukraine. " * 500

    cut = pieces(text, marks_of(text, ["Україна", "Ukraine"]))

    assert plain(cut) == text
    assert sum(is_match for _, is_match in cut) == 1000


@pytest.mark.parametrize(
    ("text", "way"),
    [
        pytest.param("L’OTAN réunit ses ministres", "ltr", id="French"),
        pytest.param("وزراء الناتو في بروكسل", "rtl", id="Arabic"),
        pytest.param("NATO: שרי החוץ ייפגשו", "rtl", id="Hebrew that begins with a name in Latin letters"),
        pytest.param("الناتو https://nato.example/en/news", "rtl", id="as many words: as the first"),
        pytest.param("“سلام” means peace in Arabic", "ltr", id="English that begins with an Arabic word"),
        pytest.param("5% 2026 …", "ltr", id="no letter at all"),
        pytest.param("", "ltr", id="nothing"),
        pytest.param("北约外长", "ltr", id="Chinese"),
    ],
)
def test_a_passage_is_read_as_most_of_its_words_are(text: str, way: str) -> None:
    assert direction(pieces(text, ())) == way


def test_a_long_text_ends_between_two_words() -> None:
    (beginning,) = lead("mot " * 500, ["mot"], is_whole=True)

    assert plain(beginning).endswith("mot\u00a0…")
    assert len(plain(beginning)) <= LEAD_LIMIT + 2


def test_a_text_that_goes_on_says_so_and_a_whole_one_does_not() -> None:
    assert plain(lead("Un.\nDeux.", [], is_whole=False)[-1]) == "Deux.\u00a0…"
    assert [plain(paragraph) for paragraph in lead("Un.\nDeux.", [], is_whole=True)] == ["Un.", "Deux."]


def test_a_text_without_spaces_ends_all_the_same() -> None:
    (beginning,) = lead("北约" * 1000, ["北约"], is_whole=True)

    assert len(plain(beginning)) == LEAD_LIMIT + 2


def test_an_article_without_text_has_no_beginning() -> None:
    assert lead("", ["x"], is_whole=True) == []


# ── in a terminal ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "sentence",
    [
        pytest.param("Les ministres parlent de l’Ukraine.", id="French"),
        pytest.param("외무장관들이 우크라이나를 논의한다.", id="Korean, two columns a letter"),
    ],
)
def test_plain_text_fits_a_terminal(sentence: str) -> None:
    text = filled(f"{sentence} " * 40, "  ")

    columns = [sum(2 if "가" <= char <= "힣" else 1 for char in line) for line in text.splitlines()]
    assert 60 < max(columns) <= COLUMNS
    assert flowing(text).count(sentence) == 40


def test_a_word_too_long_for_a_line_is_not_cut() -> None:
    address = "https://gazette.example/" + "a" * 90

    assert f"\n  {address}\n  *Ukraine*" in body(a_story(lead=f"{address} Ukraine"), "plain")


def test_paragraphs_stay_paragraphs() -> None:
    mail = a_story(lead="Première.\nSeconde, sur l’Ukraine.")

    assert "\n\n  Première.\n\n  Seconde, sur l’*Ukraine*.\n\n" in body(mail, "plain")
    assert "Première.</p>" in body(mail, "html")


def test_french_spaces_bind_where_no_line_may_end() -> None:
    said = "« Un accord » : qui paiera les 5 % de l’Ukraine ? Tous ; et vite !"
    bound = "«\u00a0Un accord\u00a0»\u00a0: qui paiera les 5\u00a0% de l’{}\u00a0? Tous\u00a0; et vite\u00a0!"

    mail = a_story(title=said, lead=said)

    assert body(mail, "plain").count(bound.format("*Ukraine*")) == 2
    assert shown(body(mail, "html")).count(bound.format("Ukraine")) == 2
    assert marked(body(mail, "html")) == ["Ukraine", "Ukraine"]


# ── links ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "link", ["https://a.example/новини?a=1&b=2#l’été", "http://a.example", "https://北约.example/"]
)
def test_a_web_address_is_a_link(link: str) -> None:
    assert web_link(link) == link
