"""Reports of one event are found, and two events are never taken for one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.events import LEAD, WORDS, event_of, headline, likeness_of, without_outlet
from monitor.model import Article, Join, Near
from tests.factories import NOW, an_article, later


def report(title: str, text: str = "", **given: object) -> Near:
    """What the archive holds of another newsroom's report."""
    near = Near(
        id=7,
        feed="tribune",
        title=title,
        text=text,
        published_at=NOW,
        seen_at=NOW,
        signature=None,
        headline=headline(title, text),
    )
    return replace(near, **given)  # type: ignore[arg-type]


def told(title: str, text: str = "") -> Article:
    """An article made ready to compare."""
    return an_article(title=title, text=text, headline=headline(title, text))


def joined(article: Article, others: Sequence[Near], common: int = 2) -> Join | None:
    """What becomes of an article in an archive of 1,000 where each of its words stands in `common` articles."""
    return event_of(article, others, frequency=dict.fromkeys(article.headline, common), reports=1000)


# ── together ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("title", "other"),
    [
        ("Ferry runs aground off Gotland, passengers safe", "Passengers safe as ferry runs aground near Gotland"),
        ("Un incendie ravage la cathédrale de Nantes", "Nantes : la cathédrale ravagée par un incendie"),
        ("Elbe-Flut: Dresden ruft Katastrophenalarm aus", "Dresden löst wegen Elbe-Flut Katastrophenalarm aus"),
        ("Dimite el ministro de Pesca por el naufragio", "El ministro de Pesca dimite tras el naufragio"),
        ("Двоє рятувальників загинули в Харкові", "У Харкові загинуло двоє рятувальників"),
        ("В Омске на складе произошел взрыв", "Взрыв произошел на складе в Омске, есть раненые"),
        ("Sejm przyjął ustawę o lasach państwowych", "Ustawa o lasach państwowych przyjęta przez Sejm"),
        ("استقالة وزير النقل الأردني بعد حادث القطار", "وزير النقل الأردني يستقيل إثر حادث القطار"),
        ("法院裁定星河集团破产清算", "星河集团被法院裁定破产清算"),
        ("静岡市の化学工場で爆発、作業員3人けが", "静岡市で化学工場爆発 作業員3人が負傷"),
        ("부산 항만 노조 파업 돌입", "부산 항만 노조, 파업에 들어가"),
        ("Meclis emeklilik yasasını kabul etti", "Emeklilik yasası Meclis'te kabul edildi"),
    ],
    ids="en fr de es uk ru pl ar zh ja ko tr".split(),
)
def test_two_reports_of_one_event_are_joined(title: str, other: str) -> None:
    join = joined(told(title), [report(other)])

    assert join is not None
    assert (join.to, join.relation) == (7, "report")
    assert 0.5 < join.score <= 1


@pytest.mark.parametrize(
    ("title", "other"),
    [
        pytest.param("Eleven miners rescued", "11 miners rescued", id="a number in words"),
        pytest.param("1 000 mineurs sauvés", "1.000 mineurs sauvés", id="a thousand with a space or a point"),
        pytest.param("Leitzins bei 4,5 Prozent", "Leitzins bei 4.50 Prozent", id="a fraction with a comma or a point"),
        pytest.param("Zelensky thanks Danish shipyards", "Zelenskyy thanks Danish shipyard", id="spellings of a name"),
        pytest.param("Syria talks", "Syrian talks", id="a country and its people"),
        pytest.param("Взрыв на складе", "Взрыва на складах", id="cases"),
        pytest.param("وزير نقل الأردن", "الوزير والنقل الأردن", id="with the article and with and"),
        pytest.param("국회가 법안을", "국회 법안", id="particles"),
        pytest.param("Ferry aground - Evening Tribune", "Ferry aground", id="the name of the outlet"),
        pytest.param("LIVE: The ferry is aground", "Ferry aground (video)", id="how it is told"),
    ],
)
def test_what_means_the_same_is_the_same_number(title: str, other: str) -> None:
    assert headline(title, "") == headline(other, "")
    assert headline(title, "")


def test_a_word_that_means_much_in_one_language_is_kept_though_it_means_little_in_another() -> None:
    assert [len(headline(word, "")) for word in ("fire", "war", "tot")] == [1, 1, 1]


def test_of_too_many_words_both_keep_the_same() -> None:
    words = [f"{first}{second}rt" for first in "bdfgk" for second in "aeiouy"]

    one, other = headline(" ".join(words), ""), headline(" ".join(reversed(words)), "")

    assert len(one) == 24
    assert set(one) == set(other)


def test_leads_that_agree_make_up_for_titles_that_hardly_do() -> None:
    title, other = "Explosion in Omsk warehouse wounds workers", "Workers flee burning Omsk warehouse"
    lead = "A gas cylinder blew up at the Sibirskaya depot in Leninsky district, Governor Khotsenko told Interfax."

    assert joined(told(title), [report(other)]) is None
    assert joined(told(title, lead), [report(other, lead)])


def test_the_surest_report_is_named_and_of_equals_the_oldest() -> None:
    article = told("Ferry runs aground off Gotland, passengers safe")
    less = report("Ferry runs aground off Gotland", id=1)
    late = report("Ferry runs aground off Gotland, passengers all safe", id=2, seen_at=later(hours=1))
    early = report("Ferry runs aground off Gotland, passengers all safe", id=3)

    for others in ([less, late, early], [early, late, less], [late, less, early]):
        join = joined(article, others)
        assert join is not None
        assert join.to == 3


# ── apart ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("title", "other"),
    [
        pytest.param("Rain in Paris", "Rain in Lyon", id="the same in another place"),
        pytest.param("Stocks rise on Monday", "Stocks fall on Tuesday", id="a market on another day"),
        pytest.param(
            "Bourse de Paris : la séance finit en forte hausse à midi",
            "Bourse de Paris : la séance finit en baisse à midi",
            id="up and down",
        ),
        pytest.param("Harbour Town win against Rovers", "Rovers win against Athletic", id="another match"),
        pytest.param("Macron meets Merz", "Macron meets Zelensky", id="another meeting"),
        pytest.param("Macron rencontre Merz à Paris", "Macron rencontre Zelensky à Paris", id="another guest"),
        pytest.param("Morning briefing, 21 November", "Morning briefing, 22 November", id="a daily series in en"),
        pytest.param("La revue de presse du 20 novembre", "La revue de presse du 21 novembre", id="in fr"),
        pytest.param("Втрати ворога на 20 листопада", "Втрати ворога на 21 листопада", id="in uk"),
        pytest.param("Главные новости к утру 20 ноября", "Главные новости к утру 21 ноября", id="in ru"),
        pytest.param("今日の天気（11月20日）", "今日の天気（11月21日）", id="in ja"),
        pytest.param("Wetter in Kassel am 20.11.2026", "Wetter in Kassel am 21.11.2026", id="with a date in digits"),
        pytest.param(
            "Das Wetter am Samstag in Hessen, Thüringen und Sachsen",
            "Das Wetter am Sonntag in Hessen, Thüringen und Sachsen",
            id="by the day of the week",
        ),
        pytest.param("Why this is what it was", "Why this is what it was", id="nothing but function words"),
        pytest.param("Live", "Live", id="one word that says nothing"),
        pytest.param("Eurovision", "Eurovision", id="one word"),
        pytest.param("Weather forecast", "Weather forecast", id="two words"),
        pytest.param("NetReader 7.1.3", "NetReader 7.1.3", id="numbers only beside one word"),
        pytest.param("Sunflowers - Evening Tribune Online", "Volcano - Evening Tribune Online", id="the same outlet"),
        pytest.param("", "", id="nothing"),
        pytest.param("…", "🎉", id="no words"),
    ],
)
def test_two_events_stay_apart(title: str, other: str) -> None:
    assert joined(told(title), [report(other)]) is None


def test_what_one_feed_says_twice_is_no_second_report() -> None:
    title = "Ferry runs aground off Gotland, passengers safe"

    assert joined(told(title), [report(title, feed="gazette")]) is None
    assert joined(told(title), [report(title, feed="tribune")])


def test_words_that_every_article_has_prove_nothing() -> None:
    title = "Minister visits Brussels for budget talks"

    assert joined(told(title), [report(title)], common=2)
    assert joined(told(title), [report(title)], common=900) is None


def test_other_numbers_make_it_less_sure_and_the_same_ones_surer() -> None:
    five, again, twelve, none = (
        headline(f"{count}killed as bus falls off road", "") for count in ("5 ", "five ", "12 ", "")
    )

    other, unknown, same = (likeness_of(five, each, {}, 0) for each in (twelve, none, again))

    assert other < unknown < same


def test_leads_with_nothing_in_common_make_it_less_sure() -> None:
    title = "Court rules on the mayor of Villanueva"
    licences = "Judges in Seville annulled three building licences that the council had granted to a hotel chain."
    wages = (
        "The tribunal ordered repayment of wages withheld from gardeners during last winter's lorry drivers' strike."
    )

    alike, silent = (likeness_of(headline(title, licences), headline(title, x), {}, 0) for x in (licences, wages))

    assert silent < likeness_of(headline(title, ""), headline(title, ""), {}, 0) < alike


# ── headlines ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("title", "without"),
    [
        ("Ferry runs aground off Gotland - Evening Tribune", "Ferry runs aground off Gotland"),
        ("Ferry runs aground off Gotland | tribune.example", "Ferry runs aground off Gotland"),
        ("Un ferry s’échoue au large – Le Courrier", "Un ferry s’échoue au large"),
        ("北海道新幹線が大雪で終日運休｜夕刊トリビューン", "北海道新幹線が大雪で終日運休"),
        ("Ferry aground off Gotland - what we know", "Ferry aground off Gotland - what we know"),
        ("- Evening Tribune", "- Evening Tribune"),
        ("Saint-Denis se réveille sans métro", "Saint-Denis se réveille sans métro"),
    ],
)
def test_the_outlet_at_the_end_of_a_title_is_left_out(title: str, without: str) -> None:
    assert without_outlet(title) == without


def test_the_words_of_the_title_come_first_then_those_of_the_lead() -> None:
    title = headline("Ferry runs aground off Gotland", "")
    both = headline("Ferry runs aground off Gotland", "Ninety passengers were taken to Visby, the coast guard said.")

    assert both[: len(title)] == title
    assert both[len(title)] == LEAD
    assert all(word >= WORDS for word in both[len(title) + 1 :])
    assert not set(title) & set(both[len(title) + 1 :])


def test_without_a_title_the_text_is_the_headline() -> None:
    assert headline("", "Ferry runs aground off Gotland") == headline("Ferry runs aground off Gotland", "")


TITLES = st.one_of(
    st.text(max_size=300),
    st.lists(
        st.sampled_from(
            "Macron Kyiv meets пожар складе 21 November five 3.5 - | Monday 地震 ゼレンスキー الأردني 1,000".split()
        ),
        max_size=30,
    ).map(" ".join),
)


@given(TITLES, TITLES, TITLES, TITLES, st.integers(0, 2000))
def test_any_two_headlines_compare_the_same_either_way_round(
    title: str, text: str, other: str, other_text: str, reports: int
) -> None:
    one, two = headline(title, text), headline(other, other_text)
    frequency = {number: number % 50 for number in (*one, *two)}

    score = likeness_of(one, two, frequency, reports)

    assert 0 <= score <= 1
    assert score == likeness_of(two, one, frequency, reports)
    assert score == likeness_of(one[::1], two, dict(reversed(frequency.items())), reports)


@given(TITLES, TITLES)
def test_a_headline_is_a_few_distinct_numbers_that_an_archive_can_keep(title: str, text: str) -> None:
    numbers = headline(title, text)

    assert len(numbers) <= 24
    assert len(set(numbers)) == len(numbers)
    assert all(0 <= number < 1 << 63 for number in numbers)
    assert not numbers or numbers[0] >= WORDS


@given(st.lists(TITLES, max_size=5), TITLES)
def test_the_order_of_the_candidates_changes_nothing(titles: list[str], title: str) -> None:
    others = [report(each, id=number) for number, each in enumerate(titles)]

    assert joined(told(title), others) == joined(told(title), others[::-1])


def test_a_headline_is_the_same_in_every_process() -> None:
    program = "from monitor.events import headline; print(headline('Взрыв в Омске, 5 killed', '工場で爆発 in Omsk'))"

    answers = {
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("0", "1", "2")
    }

    assert answers == {f"{headline('Взрыв в Омске, 5 killed', '工場で爆発 in Omsk')}\n"}
