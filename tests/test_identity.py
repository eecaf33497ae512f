"""What a feed's entries are known by follows what its polls have shown, and only that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from functools import reduce

import pytest

from monitor.identity import learn, pack_identity, unchanged, unpack_identity
from monitor.model import Archived, Identity, Known, New, Revised, Verdict
from tests.factories import NOW, an_article

Poll = Callable[[Identity], Identity]


def held(link_key: str = "gazette.example/1") -> Archived:
    """An article of the archive."""
    return Archived(
        id=1,
        feed="gazette",
        link_key=link_key,
        title="Ukraine",
        content_digest=0,
        fingerprint=None,
        language="en",
        first_seen_at=NOW - timedelta(hours=1),
        rules=frozenset(),
        story=None,
    )


def edited(number: int = 1) -> list[Verdict]:
    """Entries that were edited and kept their guid."""
    return [Revised(article=an_article(guid="1"), of=held(), why="entry")] * number


def renumbered(number: int) -> list[Verdict]:
    """Entries under another guid and their own link."""
    article = an_article(guid="2", link_key="gazette.example/1")
    return [Known(article=article, of=held(), why="link")] * number


def elsewhere(number: int) -> list[Verdict]:
    """Entries under another guid and another link."""
    article = an_article(guid="2", link_key="gazette.example/2")
    return [Known(article=article, of=held(), why="date")] * number


def new(number: int = 1) -> list[Verdict]:
    """Entries never seen before."""
    return [New(article=an_article())] * number


def poll(*verdicts: Sequence[Verdict], again: int = 0, stood: int = 0) -> Poll:
    """A poll with these verdicts, `again` of the new ones under old headlines."""
    changed = [verdict for some in verdicts for verdict in some]
    return lambda identity: learn(identity, changed, again=again, stood=stood)


def after(polls: Iterable[Poll]) -> Identity:
    """What is learnt from polls one after the other."""
    return reduce(lambda identity, each: each(identity), polls, Identity())


ALL_ANEW = poll(new(30), again=30)
STILL_ANEW = poll(elsewhere(30))


@pytest.mark.parametrize(
    ("polls", "by"),
    [
        pytest.param([], "guid", id="nothing seen yet"),
        pytest.param([poll(new(30))], "guid", id="a first document"),
        pytest.param([poll(renumbered(2))], "guid", id="two entries renumbered are an accident"),
        pytest.param([poll(renumbered(1), stood=29)] * 5, "link", id="another guid at each edit"),
        pytest.param([poll(edited(10), stood=20), poll(renumbered(20))], "guid", id="more edits that kept their guids"),
        pytest.param([poll(renumbered(30))], "link", id="all renumbered"),
        pytest.param([poll(renumbered(30)), *[poll(edited(3), stood=27)] * 20], "guid", id="mended since"),
        pytest.param([poll(new(30)), ALL_ANEW], "title", id="all under new names at the second poll"),
        pytest.param([ALL_ANEW, *[STILL_ANEW] * 50], "title", id="and at every poll"),
        pytest.param([ALL_ANEW, *[unchanged] * 10], "guid", id="under new names once, and then as they stood"),
        pytest.param([*[unchanged] * 9, ALL_ANEW], "guid", id="under new names after a calm time: a move of house"),
        pytest.param(
            [*[unchanged] * 30, ALL_ANEW, *[STILL_ANEW] * 9], "title", id="never as they stood since a calm time"
        ),
        pytest.param([*[poll(new(3), again=3, stood=27), unchanged] * 20], "guid", id="bulletins that stand a while"),
        pytest.param([poll(elsewhere(5), stood=25)] * 20, "guid", id="some of them under other names at each poll"),
        pytest.param([poll(new(3), stood=27)] * 20, "guid", id="news all the time"),
        pytest.param([poll(new(1), again=1)] * 2, "guid", id="one entry under another name, twice"),
        pytest.param([poll(new(1), again=1)] * 3, "title", id="one entry under another name at each poll"),
        pytest.param([poll(new(9), again=3)] * 9, "guid", id="old headlines among news"),
    ],
)
def test_entries_are_known_by_what_lasts(polls: list[Poll], by: str) -> None:
    assert after(polls).by == by


def test_entries_without_guids_say_nothing_of_guids() -> None:
    article = an_article(guid=None, link_key="gazette.example/1")

    assert after([poll([Revised(article=article, of=held(), why="link")] * 9)]).renumbered == 0


def test_what_was_learnt_survives_in_the_archive() -> None:
    learnt = after([poll(edited(3), stood=5), poll(renumbered(9)), ALL_ANEW])

    assert unpack_identity(learnt.by, pack_identity(learnt)) == Identity(
        by=learnt.by,
        kept=round(learnt.kept, 3),
        renumbered=round(learnt.renumbered, 3),
        stood=round(learnt.stood, 3),
        turned=round(learnt.turned, 3),
    )
