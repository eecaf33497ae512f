"""Which language a text is in, how sure we are, and what that rests on."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from monitor.language import bcp47, detect, warm_up
from monitor.model import LanguageGuess

HOUSE = ("fr", "en", "uk", "ru", "de")
UNKNOWN = LanguageGuess(language="und", confidence=0.0, source="none")

FRENCH = (
    "Les ministres des Affaires étrangères de l’OTAN se sont réunis mardi à Bruxelles pour parler de la situation en "
    "Ukraine et du renforcement des défenses aériennes promis cet été par les alliés."
)


def guess(
    title: str, text: str = "", candidates: tuple[str, ...] = HOUSE, declared: str | None = None
) -> LanguageGuess:
    return detect(title, text, candidates=candidates, declared=declared)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param("fr", "fr", id="a plain tag"),
        pytest.param(" EN ", "en", id="capitals and blanks"),
        pytest.param("fr_FR", "fr-FR", id="underscore"),
        pytest.param("zh-hant-tw", "zh-Hant-TW", id="script and region in their usual case"),
        pytest.param("es-419", "es-419", id="a region by number"),
        pytest.param("de-DE-1996", "de-DE-1996", id="a variant"),
        pytest.param("ua", "uk", id="a country code that is no language"),
        pytest.param("ukr", "uk", id="a long code with a short form"),
        pytest.param("English", None, id="a language's name"),
        pytest.param("fr, en", None, id="two tags"),
        pytest.param("und", None, id="undetermined"),
        pytest.param("", None, id="empty"),
        pytest.param("x" * 100_000, None, id="very long"),
        pytest.param("\ud800", None, id="a lone surrogate"),
        pytest.param(None, None, id="none"),
    ],
)
def test_a_tag_is_bcp_47_or_none(given: str | None, expected: str | None) -> None:
    assert bcp47(given) == expected


@pytest.mark.parametrize(
    ("text", "language"),
    [
        pytest.param(FRENCH, "fr", id="French"),
        pytest.param(
            "The alliance said on Monday that it would send more air defence systems to Kyiv.", "en", id="English"
        ),
        pytest.param(
            "Die Außenminister der NATO beraten am Dienstag in Brüssel über weitere Hilfe.", "de", id="German"
        ),
        pytest.param("Міністри оборони країн Альянсу зустрінуться у вівторок у Брюсселі.", "uk", id="Ukrainian"),
        pytest.param("Министры обороны стран альянса встретятся во вторник в Брюсселе.", "ru", id="Russian"),
        pytest.param(
            "Los ministros de la Alianza se reúnen el martes para hablar de la guerra.",
            "es",
            id="Spanish, no candidate",
        ),
        pytest.param(
            "Міністры замежных спраў сустрэнуцца ў аўторак у Бруселі, каб абмеркаваць вайну.", "be", id="Belarusian"
        ),
        pytest.param(
            "Министри спољних послова састаће се у уторак, саопштила је влада у Београду.", "sr", id="Serbian"
        ),
        pytest.param("NATO-nun xarici işlər nazirləri çərşənbə axşamı Brüsseldə görüşəcəklər.", "az", id="Azerbaijani"),
        pytest.param("وزیران خارجه ناتو روز سه‌شنبه در بروکسل درباره جنگ گفتگو می‌کنند", "fa", id="Persian"),
        pytest.param("L’OTAN RENFORCE SON SOUTIEN À L’UKRAINE", "fr", id="French in capitals"),
    ],
)
def test_a_sentence_is_known_by_its_letters(text: str, language: str) -> None:
    assert guess(text).language == language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        pytest.param("日米首脳会談、15日開催で調整", "ja", id="Japanese by its kana"),
        pytest.param("北约秘书长访问乌克兰首都基辅", "zh-Hans", id="simplified Chinese"),
        pytest.param("北約祕書長訪問烏克蘭首都基輔，將討論軍隊問題", "zh-Hant", id="traditional Chinese"),
        pytest.param("나토 외교장관 회의 브뤼셀서 열려", "ko", id="Korean"),
        pytest.param("Οι υπουργοί του ΝΑΤΟ", "el", id="Greek"),
        pytest.param("שרי החוץ של נאט״ו", "he", id="Hebrew"),
        pytest.param("Apple iPhone 17 Pro 発売、価格は据え置きに", "ja", id="Japanese among Latin names"),
    ],
)
def test_a_script_of_one_language_decides(text: str, language: str) -> None:
    found = guess(text)

    assert (found.language, found.source) == (language, "script")
    assert found.confidence >= 0.9


@pytest.mark.parametrize(
    ("title", "text"),
    [
        pytest.param("", "", id="empty"),
        pytest.param("https://gazette.example/le-president-de-la-republique", "", id="a URL only"),
        pytest.param("12 345,67 (+8 %)", "", id="digits only"),
        pytest.param("x", "", id="one letter"),
        pytest.param("NATO", "", id="an acronym"),
        pytest.param("\ud800\udfff", "\ud800", id="lone surrogates"),
        pytest.param("", "a" * 1_000_000, id="a megabyte of one letter"),
        pytest.param("", "<a " * 400_000, id="a megabyte of tag openings"),
        pytest.param("𝒜𝒷𝒸 \x00\x01 \u202e", "", id="ornaments and controls"),
    ],
)
def test_too_little_to_go_by_is_und(title: str, text: str) -> None:
    assert guess(title, text) == UNKNOWN


def test_too_little_to_go_by_takes_the_declared_language_and_says_so() -> None:
    found = guess("OTAN : le sommet", candidates=(), declared="fr-FR")
    assert guess("OTAN", declared="fr-FR") == LanguageGuess(language="fr-FR", confidence=0.5, source="declared")
    assert found.language.startswith("fr")


def test_a_declared_language_in_another_script_is_not_believed() -> None:
    assert guess("НАТО", declared="fr") == UNKNOWN


def test_a_declared_language_is_a_hint_and_never_an_order() -> None:
    assert guess(FRENCH, declared="en").language == "fr"


def test_candidates_are_a_preference_and_no_prison() -> None:
    spanish = "El secretario general de la OTAN visitó Kiev y prometió más ayuda militar para el invierno."

    assert guess(spanish, candidates=("fr", "en")).language == "es"


def test_candidates_decide_on_a_few_words() -> None:
    assert guess("NATO summit", candidates=()) == UNKNOWN
    assert guess("NATO summit").language == "en"


def test_a_declared_language_without_statistics_is_believed_where_no_other_fits() -> None:
    breton = "Ar gador-bont a vo digoret gant ar maer disul e Brest hag e vo kalz a dud"

    found = guess(breton, candidates=(), declared="br")

    assert guess(breton, candidates=()) == UNKNOWN
    assert (found.language, found.source) == ("br", "feed")


def test_a_good_guess_is_believed_over_a_declared_language_without_statistics() -> None:
    english = "The minister told reporters on Tuesday that the government would send more help to Ukraine this winter."

    assert guess(english, declared="ga").language == "en"


def test_a_long_text_is_certain() -> None:
    found = guess("", FRENCH * 3, candidates=())

    assert found.language == "fr"
    assert found.confidence >= 0.95


def test_the_same_text_gets_the_same_answer_in_every_thread() -> None:
    warm_up()

    with ThreadPoolExecutor(8) as threads:
        answers = set(threads.map(lambda _: guess("Zelensky à Paris pour une journée de visite"), range(64)))

    assert len(answers) == 1


def test_norwegian_is_called_what_the_house_calls_it() -> None:
    text = "Utenriksministrene i NATO møtes i Brussel på tirsdag for å snakke om krigen og om hvordan de kan hjelpe."

    assert guess(text, candidates=()).language == "nb"
    assert guess(text, candidates=("no",)).language == "no"
