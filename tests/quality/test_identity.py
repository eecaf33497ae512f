"""Real feeds at successive polls, their guids and links spoiled in the ways that feeds spoil them.

Every item keeps a mark that `monitor` does not look at, which shows what came back as a new article and what was taken
for another. Run by itself: `.venv/bin/python -m tests.quality.test_identity`.
"""

from __future__ import annotations

import asyncio
import json
import random
import tempfile
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.loopback import Answer
from tests.quality.figures import publish, table
from tests.quality.material import DATA, needs_material
from tests.rss import item, rss
from tests.test_poll import newsroom

Fields = dict[str, str | None]
Spoiler = Callable[[Fields, int, int, random.Random], None]  # fields, which item, which poll, chance

# Of the items, so many may come back as new articles: while a feed is being learnt, and, where only titles last, when a
# title is edited.
HIGHEST_SHARE_AGAIN = 0.02
HIGHEST_SHARE_AGAIN_BY_TITLE = 0.06


def as_they_are(fields: Fields, number: int, poll: int, chance: random.Random) -> None:
    """The link is the guid."""


def no_guids(fields: Fields, number: int, poll: int, chance: random.Random) -> None:
    fields["guid"] = None


def one_guid_for_all(fields: Fields, number: int, poll: int, chance: random.Random) -> None:
    fields["guid"] = "1"


def another_guid_at_each_poll(fields: Fields, number: int, poll: int, chance: random.Random) -> None:
    fields["guid"] = f"{poll}-{number}"


def another_guid_at_each_edit(fields: Fields, number: int, poll: int, chance: random.Random) -> None:
    fields["guid"] = f"{number} {fields['title']} {fields['description']}"


def guids_and_links_with_a_tracker(fields: Fields, number: int, poll: int, chance: random.Random) -> None:
    fields["guid"] = fields["link"] = f"{fields['link']}?utm_source=rss&utm_content={chance.randrange(10**6)}"


def now_http_now_https(fields: Fields, number: int, poll: int, chance: random.Random) -> None:
    fields["guid"] = fields["link"] = (fields["link"] or "").replace("https:", "http:" if poll % 2 else "https:")


def now_with_www_now_without(fields: Fields, number: int, poll: int, chance: random.Random) -> None:
    address = (fields["link"] or "").replace("https://www.", "https://")
    fields["guid"] = fields["link"] = address.replace("https://", "https://www.") if poll % 2 else address


def another_guid_and_link_at_each_poll(fields: Fields, number: int, poll: int, chance: random.Random) -> None:
    fields["guid"] = f"{poll}-{number}"
    fields["link"] = f"https://gazette.example/read?n={chance.randrange(10**9)}"


def the_same_without_dates(fields: Fields, number: int, poll: int, chance: random.Random) -> None:
    another_guid_and_link_at_each_poll(fields, number, poll, chance)
    fields["pubDate"] = None


def neither_guids_nor_links(fields: Fields, number: int, poll: int, chance: random.Random) -> None:
    fields["guid"] = fields["link"] = None


BY_TITLE = (another_guid_and_link_at_each_poll, the_same_without_dates, neither_guids_nor_links)
SPOILERS: tuple[Spoiler, ...] = (
    as_they_are,
    no_guids,
    one_guid_for_all,
    another_guid_at_each_poll,
    another_guid_at_each_edit,
    guids_and_links_with_a_tracker,
    now_http_now_https,
    now_with_www_now_without,
    another_guid_and_link_at_each_poll,
    the_same_without_dates,
    neither_guids_nor_links,
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the items of all series under one spoiler."""

    items: int
    again: int  # articles more than items
    lost: int  # items that no article stands for
    known_by: Counter[str]  # feeds.identity at the end


@cache
def series() -> dict[str, tuple[tuple[tuple[int, Fields], ...], ...]]:
    """Of each feed its polls, of each poll its items: a number for each link, and the item's fields."""
    found = {}
    for folder in sorted(path for path in (DATA / "poll-series").iterdir() if path.is_dir()):
        numbers: dict[str, int] = {}
        found[folder.name] = tuple(tuple(_items(path, numbers)) for path in sorted(folder.glob("*.xml")))
    return found


def _items(path: Path, numbers: dict[str, int]) -> Iterator[tuple[int, Fields]]:
    for element in ElementTree.parse(path).iter("item"):
        link = element.findtext("link") or ""
        fields: Fields = {
            "title": element.findtext("title"),
            "link": link,
            "guid": link,
            "description": element.findtext("description"),
            "pubDate": element.findtext("pubDate"),
        }
        yield numbers.setdefault(link, len(numbers)), fields


async def replay(folder: Path, spoiler: Spoiler) -> Outcome:
    """Polls every series from its first poll to its last."""
    polls_of = series()
    chance = random.Random(7)
    async with newsroom(folder, *polls_of, connections=4) as room:
        for poll in range(max(map(len, polls_of.values()))):
            for feed, polls in polls_of.items():
                if poll >= len(polls):
                    continue
                items = []
                for number, given in polls[poll]:
                    fields = dict(given)
                    spoiler(fields, number, poll, chance)
                    items.append(item(number, **{**fields, "category": f"{feed} {number}"}))
                room.site.routes[f"/{feed}"] = Answer(body=rss(*items, title=feed, language="ru"))
            await room.poll()
        marks = [tuple(json.loads(categories)) for (categories,) in room.rows("SELECT categories FROM articles")]
        known_by = Counter(by for (by,) in room.rows("SELECT identity FROM feeds"))
    texts = {
        (f"{feed} {number}",): (feed, fields["title"], fields["description"])
        for feed, polls in polls_of.items()
        for poll in polls
        for number, fields in poll
    }
    kept = {texts[mark] for mark in marks}  # a report that moved to another link is kept once
    return Outcome(
        items=len(texts),
        again=len(marks) - len(set(marks)),
        lost=sum(text not in kept for mark, text in texts.items() if mark not in marks),
        known_by=known_by,
    )


@cache
def outcomes() -> dict[str, Outcome]:
    """Every spoiler's."""
    found = {}
    for spoiler in SPOILERS:
        with tempfile.TemporaryDirectory() as folder:
            found[_name(spoiler)] = asyncio.run(replay(Path(folder), spoiler))
    return found


def _name(spoiler: Spoiler) -> str:
    return spoiler.__name__.replace("_", " ")


@needs_material
def test_items_stay_one_article_however_their_feed_names_them() -> None:
    found = outcomes()
    publish(
        "identity",
        table(
            ["guids and links", "items", "came back as new articles", "taken for another", "feeds known by"],
            [
                [
                    name,
                    each.items,
                    each.again,
                    each.lost,
                    ", ".join(f"{by} {n}" for by, n in each.known_by.most_common()),
                ]
                for name, each in found.items()
            ],
        ),
    )

    by_title = {_name(spoiler) for spoiler in BY_TITLE}
    most = {name: HIGHEST_SHARE_AGAIN_BY_TITLE if name in by_title else HIGHEST_SHARE_AGAIN for name in found}
    assert {name: each.again for name, each in found.items() if each.again > most[name] * each.items} == {}


@needs_material
def test_no_item_is_taken_for_another() -> None:
    assert {name: each.lost for name, each in outcomes().items() if each.lost} == {}


if __name__ == "__main__":
    for name, outcome in outcomes().items():
        print(f"{name:40} {outcome}")
