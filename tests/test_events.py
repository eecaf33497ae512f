"""Reports of one event are found, and two events are never taken for one."""

from __future__ import annotations

from collections import Counter

import pytest

from monitor.events import event_of, headline, likeness_of
from monitor.model import Article, Join, Near
from tests.factories import NOW, an_article


def report(title: str, text: str = "", feed: str = "tribune") -> Near:
    """What the archive holds of another newsroom's report."""
    return Near(
        id=7,
        feed=feed,
        title=title,
        text=text,
        published_at=NOW,
        seen_at=NOW,
        signature=None,
        headline=headline(title, text),
    )


def told(title: str, text: str = "") -> Article:
    """An article made ready to compare."""
    return an_article(title=title, text=text, headline=headline(title, text))


def join(title: str, other: str) -> Join | None:
    """What becomes of two titles in an archive that holds little else."""
    article, near = told(title), report(other)
    return event_of(article, [near], frequency=Counter(dict.fromkeys(article.headline, 2)), reports=2)


@pytest.mark.parametrize(
    ("title", "other"),
    [
        pytest.param(
            "Romney picks Ryan as vice presidential running mate",
            "Romney to tap Ryan as vice presidential running mate: source",
            id="en",
        ),
        pytest.param(
            "Un incendie ravage la cathédrale de Nantes", "Nantes : la cathédrale ravagée par un incendie", id="fr"
        ),
        pytest.param(
            "У Харкові через обстріл загинули двоє рятувальників",
            "Двоє рятувальників загинули внаслідок обстрілу Харкова",
            id="uk",
        ),
    ],
)
def test_two_reports_of_one_event_are_joined(title: str, other: str) -> None:
    joined = join(title, other)

    assert joined is not None
    assert joined.relation == "report"
    assert 0.5 < joined.score <= 1


@pytest.mark.parametrize(
    ("title", "other"),
    [
        pytest.param("Rain in Paris", "Rain in Lyon", id="one word apart"),
        pytest.param("Morning briefing, 21 November", "Morning briefing, 22 November", id="a daily series"),
        pytest.param("Stocks rise on Monday", "Stocks fall on Tuesday", id="the same market on another day"),
    ],
)
def test_two_events_stay_apart(title: str, other: str) -> None:
    assert join(title, other) is None


def test_likeness_is_the_same_either_way_round() -> None:
    one, other = headline("Romney picks Ryan as running mate", ""), headline("Romney to tap Ryan as running mate", "")

    assert likeness_of(one, other, {}, 0) == likeness_of(other, one, {}, 0)
