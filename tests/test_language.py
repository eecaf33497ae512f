"""Which language a text is in, how sure we are, and what that rests on."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.language import (
    DETECTORS,
    LANGDETECT,
    LINGUA,
    Detector,
    bcp47,
    detect,
    detect_all,
    installed,
    warm_up,
)
from monitor.model import LanguageGuess, Outlet
from monitor.workers import Brief, Workers
from tests.factories import an_article
from tests.strangers import LOOKED_AT, ONLY_SCORED

HOUSE = ("fr", "en", "uk", "ru", "de")
UNKNOWN = LanguageGuess(language="und", confidence=0.0, source="none")

FRENCH = (
    "Les ministres des Affaires étrangères de l’OTAN se sont réunis mardi à Bruxelles pour parler de la situation en "
    "Ukraine et du renforcement des défenses aériennes promis cet été par les alliés."
)


def guess(
    title: str,
    text: str = "",
    candidates: tuple[str, ...] = HOUSE,
    declared: str | None = None,
    history: Mapping[str, int] | None = None,
    outlet: str | None = None,
    detector: Detector = DETECTORS[LANGDETECT],
) -> LanguageGuess:
    return detect(
        title,
        text,
        candidates=candidates,
        declared=declared,
        history=history,
        outlet=outlet,
        detector=detector,
    )


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
        pytest.param("הסופר פון לייזר מת בירושלים", "he", id="Hebrew with a German name"),
        pytest.param("দুর্ঘটনায় দুই জনের মৃত্যু হয়েছে", "bn", id="Bengali"),
        pytest.param("ጠቅላይ ሚኒስትሩ ዛሬ ከውጭ ባለሀብቶች ጋር ተወያዩ", "am", id="Amharic"),
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
    tok_pisin = "Praim minista i bin tok long ol manmeri bilong ples olsem wok bai kamap kwiktaim"

    found = guess(tok_pisin, candidates=(), declared="tpi")

    assert guess(tok_pisin, candidates=()) == UNKNOWN
    assert (found.language, found.source) == ("tpi", "feed")


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


# ── what a feed's context is worth ───────────────────────────────────────────────────────────────────────────────────


def test_a_headline_of_names_takes_the_language_its_feed_has_carried_and_says_so() -> None:
    names = "Volodymyr Zelensky, Friedrich Merz"

    found = guess(names, candidates=(), history={"sv": 40})

    assert guess(names, candidates=()) == UNKNOWN
    assert (found.language, found.source) == ("sv", "feed")
    assert 0.5 <= found.confidence < 0.99


def test_a_french_article_in_an_english_feed_is_french() -> None:
    found = guess(FRENCH, declared="en", history={"en": 200})

    assert (found.language, found.source) == ("fr", "detected")
    assert found.confidence >= 0.95


def test_a_short_french_headline_in_an_english_feed_is_french() -> None:
    assert guess("Une nouvelle loi", candidates=(), declared="en", history={"en": 200}).language == "fr"


@pytest.mark.parametrize(
    ("headline", "language"),
    [("Три жінки", "uk"), ("Ми їдемо додому", "uk"), ("Овде живи много људи", "sr")],
)
def test_a_letter_that_the_neighbours_lack_decides(headline: str, language: str) -> None:
    assert guess(headline, candidates=()).language == language


def test_latin_names_in_a_cyrillic_headline_are_no_evidence() -> None:
    assert guess("Японці представили електрокросовер Honda SUV e:concept", candidates=("uk", "sr")).language == "uk"


def test_what_a_feed_has_carried_counts_more_than_what_it_declares() -> None:
    assert guess("Zelensky, Merz, Macron", candidates=(), declared="en", history={"fr": 40}).language == "fr"


def test_a_title_of_digits_takes_the_feeds_language_and_else_the_declared_one() -> None:
    carried = guess("12 345", declared="en", history={"fr": 40})

    assert (carried.language, carried.source) == ("fr", "feed")
    assert guess("12 345", declared="fr-CA") == LanguageGuess(language="fr-CA", confidence=0.5, source="declared")
    assert guess("12 345", history={"fr": 1}) == UNKNOWN  # one article makes no custom
    assert guess("12 345", history={"fr": 10, "en": 10, "de": 10}) == UNKNOWN


def test_a_history_in_another_script_names_no_language() -> None:
    assert guess("НАТО", candidates=(), history={"fr": 200}) == UNKNOWN


def test_japanese_without_kana_is_known_by_its_feed() -> None:
    headline = "日米首脳会談開催調整"

    assert guess(headline, history={"ja": 30}) == LanguageGuess(language="ja", confidence=0.9, source="feed")
    assert guess(headline).language.startswith("zh")


def test_the_outlets_name_is_no_evidence() -> None:
    title = "Zelensky, Merz | Frankfurter Allgemeine Zeitung"

    assert guess(title, candidates=()).language == "de"
    assert guess(title, candidates=(), outlet="Frankfurter Allgemeine Zeitung") == UNKNOWN


def test_the_articles_of_a_document_help_one_another() -> None:
    names = ("Zelensky, Merz, Macron", "", None)
    document = [names, *((f"{FRENCH} {number}", "", None) for number in range(8))]

    first, *others = detect_all(document, candidates=(), history={}, outlet=None)

    assert guess(names[0], candidates=()) == UNKNOWN
    assert (first.language, first.source) == ("fr", "feed")
    assert {(each.language, each.source) for each in others} == {("fr", "detected")}


@pytest.mark.parametrize(
    ("text", "right", "neighbour"),
    [
        pytest.param("Те војне операције су завршене потписивањем мира", "sr", "mk", id="Serbian, not Macedonian"),
        pytest.param("Полиција трага за нападачима", "sr", "mk", id="Serbian, no letter of its own"),
        pytest.param("Машина поїхала", "uk", "ru", id="Ukrainian by one letter"),
        pytest.param("Селото беше нападнато во текот на ноќта", "mk", "sr", id="Macedonian, not Serbian"),
        pytest.param("Японці представили новий електрокросовер", "uk", "bg", id="Ukrainian, not Bulgarian"),
        pytest.param("Предприемачите подкрепиха и председателя на съюза", "bg", "mk", id="Bulgarian, not Macedonian"),
        pytest.param("Прэзідэнт сустрэўся з прадстаўнікамі пасольстваў", "be", "uk", id="Belarusian, not Ukrainian"),
        pytest.param("وزیر اعظم نے کہا ہے کہ حکومت عوام کے ساتھ ہے", "ur", "fa", id="Urdu, not Persian"),
        pytest.param("رئیس جمهور گفت که دولت برنامه‌ای برای این کار دارد", "fa", "ar", id="Persian, not Arabic"),
        pytest.param("Regeringen siger, at der skal bruges flere penge", "da", "nb", id="Danish, not Norwegian"),
        pytest.param("Regjeringen sier at det skal brukes flere penger", "nb", "da", id="Norwegian, not Danish"),
        pytest.param("Regeringen säger att mer pengar ska användas", "sv", "da", id="Swedish, not Danish"),
        pytest.param("Vláda včera schválila nový zákon o daních a řekla proč", "cs", "sk", id="Czech, not Slovak"),
        pytest.param("Vláda včera schválila nový zákon o daniach a povedala prečo", "sk", "cs", id="Slovak, not Czech"),
        pytest.param("El govern aprova una llei nova amb els vots dels socis", "ca", "es", id="Catalan, not Spanish"),
        pytest.param("O governo aprovou uma nova lei com os votos dos sócios", "pt", "es", id="Portuguese"),
    ],
)
def test_close_languages_are_told_apart(text: str, right: str, neighbour: str) -> None:
    assert guess(text, candidates=(right, neighbour)).language == right


@pytest.mark.parametrize("language", sorted(LOOKED_AT))
def test_a_language_without_statistics_is_no_other_with_confidence(language: str) -> None:
    for text in LOOKED_AT[language]:
        found = guess(text, candidates=())

        assert found.language == language or found.confidence < 0.9


def test_nor_are_languages_that_nobody_looked_at() -> None:
    texts = [(language, text) for language, texts in ONLY_SCORED.items() for text in texts]
    found = [(language, guess(text, candidates=())) for language, text in texts]
    wrong = [(language, each.language) for language, each in found if each.language != language]

    assert sum(each.confidence >= 0.9 and each.language != language for language, each in found) <= 2, wrong


@pytest.mark.parametrize(
    ("text", "sister", "larger"),
    [
        pytest.param("Djeca su u školi učila i igrala se na velikom igralištu", "bs", "hr", id="Bosnian, Croatian"),
        pytest.param("Mereka belajar membaca dan menulis dengan cara yang mudah", "ms", "id", id="Malay, Indonesian"),
    ],
)
def test_twins_that_no_word_tells_apart_are_told_by_their_feed(text: str, sister: str, larger: str) -> None:
    alone = guess(text, candidates=())

    assert alone.language in (sister, larger)
    assert alone.confidence < 0.9
    for language in (sister, larger):
        found = guess(text, candidates=(), declared=language, history={language: 40})
        assert found.language == language
        assert found.confidence >= 0.9


@pytest.mark.parametrize(
    ("text", "language"),
    [
        pytest.param("Sinoć se dogodila saobraćajna nesreća, saopštila je opština", "sr", id="Serbian"),
        pytest.param("Jučer je sedmica počela vijestima o hiljadu historijskih zgrada", "bs", id="Bosnian"),
        pytest.param("Jučer je tjedan počeo vijestima o tisuću povijesnih zgrada", "hr", id="Croatian"),
        pytest.param("Kerajaan berkata bahawa wang itu boleh diberi kerana banjir", "ms", id="Malay"),
        pytest.param("Pemerintah mengatakan bahwa uang itu bisa diberikan karena banjir", "id", id="Indonesian"),
        pytest.param("Dei veit ikkje kva som skjer når eg kjem heim", "nn", id="Nynorsk"),
        pytest.param("De vet ikke hva som skjer når jeg kommer hjem", "nb", id="Bokmål"),
    ],
)
def test_a_telling_word_tells_twins_apart(text: str, language: str) -> None:
    assert guess(text, candidates=()).language == language


def test_a_text_without_one_small_word_is_named_with_caution() -> None:
    turkish = "Cumhurbaşkanı Ankara ziyaretinde işadamlarıyla görüştü"

    assert guess(turkish, candidates=()).language == "tr"
    assert guess(turkish, candidates=()).confidence < 0.9
    assert guess(turkish, candidates=("tr",)).confidence >= 0.9


def test_turkish_in_the_wrong_code_is_turkish() -> None:
    assert guess("Savaþçý oyunlarý ve diðer yeni oyunlarýn hazýrlýðý baþladý", candidates=()).language == "tr"


def test_a_language_known_by_small_words_is_certain_only_where_it_is_expected() -> None:
    pedi = "Mopresidente o boletše gore batho ba swanetše go ya dikgethong ka gore ke tokelo ya bona mo nageng ya rena"
    tswana = "Motho yo o rile batho ba ba mo motseng ba tla ya kwa tirong ka letsatsi le le latelang mme ga go na sepe"

    assert guess(pedi, candidates=(), history={"tn": 40}).confidence < 0.9
    assert guess(tswana, candidates=()).confidence < 0.9
    assert guess(tswana, candidates=(), declared="tn").confidence >= 0.9
    assert guess(tswana, candidates=("tn",)).confidence >= 0.9


def test_a_word_broken_by_a_soft_hyphen_is_one_word() -> None:
    whole = "Міністри закордонних справ зустрінуться"

    assert guess("\u00ad".join(whole)) == guess(whole)


# ── dependable ───────────────────────────────────────────────────────────────────────────────────────────────────────

ANYTHING = st.text(st.characters(exclude_categories=()), max_size=300)


@settings(max_examples=200, deadline=None)
@given(
    title=ANYTHING,
    text=ANYTHING,
    declared=st.none() | st.sampled_from(["fr", "zh-TW", "no", "ht", "xx-Cyrl"]) | ANYTHING,
    history=st.dictionaries(st.sampled_from(["fr", "uk", "zh-Hans", "und", ""]), st.integers(-5, 300)),
    outlet=st.none() | ANYTHING,
)
def test_any_text_has_one_answer_and_raises_nothing(
    title: str, text: str, declared: str | None, history: dict[str, int], outlet: str | None
) -> None:
    found = guess(title, text, declared=declared, history=history, outlet=outlet)

    assert found == guess(title, text, declared=declared, history=history, outlet=outlet)
    assert 0 <= found.confidence <= 1
    assert (found.confidence == 0) == (found.language == "und") == (found.source == "none")
    assert found.source in ("script", "detected", "feed", "declared", "none")


DOCUMENT = [
    an_article(title=title, text=text, guid=str(number))
    for number, (title, text) in enumerate(
        [
            ("L’OTAN réunit ses ministres", FRENCH),
            ("Zelensky à Paris", ""),
            ("NATO summit", "The ministers met on Tuesday."),
            ("Zelensky, Merz, Macron", ""),
            ("Саміт НАТО", "Міністри зустрілися у Брюсселі"),
            ("北约秘书长访问乌克兰首都基辅", ""),
            ("12 345", ""),
        ]
    )
]


async def test_any_number_of_workers_gives_the_same_answers_every_time() -> None:
    answers = set()
    for count in (0, 1, 2, 4):
        workers = Workers(count, Brief(languages=HOUSE, rules=(), aliases={}))
        await workers.start()
        try:
            for _ in range(5 if count else 1):
                enriched = await workers.enrich(
                    DOCUMENT, outlet=Outlet(feed="gazette", title="Gazette"), history={"fr": 12, "en": 3}
                )
                answers.add(tuple(each.language for each in enriched))
        finally:
            await workers.aclose()

    assert len(answers) == 1


def test_the_order_of_sets_and_mappings_changes_nothing() -> None:
    program = (
        "from monitor.language import detect; "
        "print([detect(t, '', candidates=('fr', 'en'), declared='de', history={'fr': 3, 'en': 3, 'uk': 3}) "
        "for t in ('Zelensky, Merz', 'Samit NATO ta inshe', '12', 'Jo tako, nič več', 'NATO summit')])"
    )

    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "7")
    }

    assert len(outputs) == 1


# ── the other detector ───────────────────────────────────────────────────────────────────────────────────────────────

needs_lingua = pytest.mark.skipif(not installed(LINGUA), reason="lingua is not installed (make lingua)")


@needs_lingua
@pytest.mark.parametrize(
    ("text", "language"),
    [(FRENCH, "fr"), ("Міністри оборони зустрінуться у вівторок у Брюсселі.", "uk"), ("Οι υπουργοί του ΝΑΤΟ", "el")],
)
def test_lingua_judges_behind_the_same_seam(text: str, language: str) -> None:
    lingua = DETECTORS[LINGUA]

    assert guess(text, candidates=(), detector=lingua).language == language
    assert guess(FRENCH, declared="en", history={"en": 200}, detector=lingua).language == "fr"
    assert guess("\ud800 x", detector=lingua) == UNKNOWN
    assert guess("a" * 1_000_000, detector=lingua).language in ("und", "de", "en", "fr")


@needs_lingua
async def test_lingua_fits_into_a_worker_that_began_with_langdetect() -> None:
    brief = Brief(languages=(), rules=(), aliases={})
    workers = Workers(1, brief)
    await workers.start()
    try:
        await workers.replace(Brief(languages=(), rules=(), aliases={}, detector=LINGUA))
        (found,) = await workers.enrich([an_article(title="", text=FRENCH)], outlet=Outlet(feed="gazette"))
    finally:
        await workers.aclose()

    assert found.language.language == "fr"
