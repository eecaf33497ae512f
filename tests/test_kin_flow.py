"""Which articles the whole flow, from documents to archive and alerts, puts into one story or event."""

from __future__ import annotations

from pathlib import Path

from tests.loopback import Answer
from tests.rss import item, rss
from tests.test_poll import Newsroom, newsroom

LEAD = "The harbour of Velmore was closed on Monday after two grain freighters collided in thick fog, the port said."
REPORT = " ".join(
    [
        LEAD,
        "Nobody was hurt, but one of the ships, the Marguerite, lost part of its load of barley bound for Ukraine, and"
        " tugs worked through the night to keep it off the breakwater.",
        "Harbour master Ilse Corvin told reporters that the channel would stay shut until divers had looked at the hull"
        " and the oil that leaked from a cracked tank had been skimmed off.",
        "About forty vessels are waiting outside. Insurers put the damage at three million crowns, and the fishermen's"
        " union asked the regional government for compensation for every lost day.",
    ]
)
OTHER_WORDS = " ".join(
    [
        "Velmore shut its harbour after a collision in fog of two freighters carrying grain to Ukraine's neighbours.",
        "Forty ships are stuck at sea. Officials hope to reopen by Thursday once divers have finished.",
    ]
)


def story(number: int, title: str, text: str, **given: str) -> str:
    """An item of the day, told by its own guid and link."""
    return item(number, title=title, description=text, **given)


async def carry(room: Newsroom, **documents: list[str]) -> None:
    """Polls the feeds with these documents, one after the other."""
    for key, items in documents.items():
        room.site.routes[f"/{key}"] = Answer(body=rss(*items, title=key.title()))
        await room.poll(key)


def elsewhere(number: int, title: str, text: str) -> str:
    """The same as another newsroom has it, under names of its own."""
    return story(number, title, text, guid=f"other-{number}", link=f"https://other.example/{number}")


async def test_a_wire_report_under_another_title_is_one_story_of_two_articles_and_alerts(tmp_path: Path) -> None:
    async with newsroom(tmp_path, "gazette", "herald") as room:
        await carry(room, gazette=[item(90)], herald=[item(91)])
        await carry(room, gazette=[story(1, "Ships collide off Velmore", REPORT)])
        await carry(room, herald=[elsewhere(2, "Fog shuts port for grain to Ukraine", REPORT)])

        rows = room.rows("SELECT story, event FROM articles WHERE text LIKE '%Velmore%' ORDER BY id")
        (first, _), (second, _) = rows
        assert first == second
        (relation,) = room.rows("SELECT kind, relation FROM relations WHERE kind = 'story'")
        assert relation == ("story", "retitled")
        assert room.rows("SELECT story FROM alerts") == [(first,), (first,)]


async def test_a_report_of_the_same_event_is_grouped_and_alerts_all_the_same(tmp_path: Path) -> None:
    async with newsroom(tmp_path, "gazette", "herald") as room:
        await carry(room, gazette=[item(90)], herald=[item(91)])
        await carry(room, gazette=[story(1, "Freighters collide in fog, Velmore harbour closed", REPORT)])
        await carry(room, herald=[elsewhere(2, "Velmore harbour closed after freighters collide", OTHER_WORDS)])

        rows = room.rows("SELECT story, event FROM articles WHERE text LIKE '%Velmore%' ORDER BY id")
        (first, event), (second, other_event) = rows
        assert first != second
        assert event is not None
        assert event == other_event
        assert room.row("SELECT count(*) FROM alerts") == (2,)


async def test_a_teaser_that_becomes_the_whole_text_joins_the_copies_of_it(tmp_path: Path) -> None:
    async with newsroom(tmp_path, "gazette", "herald") as room:
        await carry(room, gazette=[item(90)], herald=[item(91)])
        await carry(room, gazette=[story(1, "Ships collide", "Two ships have collided off Velmore. More soon.")])
        await carry(room, herald=[elsewhere(2, "Fog shuts port for grain to Ukraine", REPORT)])
        apart = room.rows("SELECT DISTINCT story FROM articles WHERE text LIKE '%Velmore%'")
        await carry(room, gazette=[story(1, "Ships collide off Velmore", REPORT)])

        together = room.rows("SELECT DISTINCT story FROM articles WHERE text LIKE '%Velmore%'")
        assert (len(apart), len(together)) == (2, 1)
        assert (*together[0], 2) in room.rows("SELECT id, articles FROM stories")
        assert room.row("SELECT count(*) FROM revisions") == (1,)


async def test_an_edited_article_says_what_it_said_before_and_meets_the_rules_again(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        await carry(room, gazette=[item(90)])
        await carry(room, gazette=[story(1, "Harbour closed", "Two ships have collided in fog off Velmore.")])
        await carry(
            room, gazette=[story(1, "Harbour closed", "Two ships bound for Ukraine have collided off Velmore.")]
        )

        assert room.rows("SELECT title, text FROM revisions") == [
            ("Harbour closed", "Two ships have collided in fog off Velmore.")
        ]
        assert room.row("SELECT count(*) FROM alerts") == (1,)


async def test_two_feeds_with_two_versions_of_one_link_do_not_fight_over_it(tmp_path: Path) -> None:
    async with newsroom(tmp_path, "gazette", "herald") as room:
        await carry(room, gazette=[item(90)], herald=[item(91)])
        for poll in range(4):
            teaser = item(
                1, title="Ships collide", description="Two ships have collided off Velmore.", category=f"{poll}"
            )
            whole = item(1, title="Ships collide", description=REPORT, guid="h-1", category=f"{poll}")
            await carry(room, gazette=[teaser], herald=[whole])

        assert room.row("SELECT text, revisions FROM articles WHERE title = 'Ships collide'") == (REPORT, 1)


async def test_a_counter_in_the_text_does_not_fill_the_history(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        await carry(room, gazette=[item(90)])
        for poll in range(12):
            await carry(room, gazette=[story(1, "Live", f"{LEAD} Read {poll} times.")])

        (versions,) = room.row("SELECT count(*) FROM revisions")
        assert 1 <= versions <= 3
        assert room.row("SELECT text FROM articles WHERE title = 'Live'") == (f"{LEAD} Read 11 times.",)
