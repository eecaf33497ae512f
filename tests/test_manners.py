"""How a feed is asked from poll to poll: through redirects, past untrue answers, at a pace its host can bear."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from monitor.compose import Composer
from monitor.model import Outcome, PollOutcome
from monitor.poll import poll_host, poll_hosts
from monitor.watch import queue_storm_notice
from tests.factories import NOW
from tests.loopback import Answer, Request, redirect
from tests.rss import item, rss
from tests.test_poll import Newsroom, newsroom

DAY = timedelta(days=1)


# ── moved feeds ──────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_feed_that_moved_is_asked_at_its_new_address_after_three_good_polls(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        room.site.routes["/gazette"] = redirect("/new", 301)
        for newest in range(1, 5):
            room.site.routes["/new"] = Answer(body=rss(*(item(number) for number in range(1, newest + 1))))
            await room.poll()

        assert [request.target for request in room.site.requests] == ["/gazette", "/new"] * 3 + ["/new"]
        assert room.row("SELECT url, given_url, moved_to, moved_polls FROM feeds") == (
            room.site.url("/new"),
            room.site.url("/gazette"),
            None,
            0,
        )
        assert room.row("SELECT from_url, to_url FROM feed_moves") == (room.site.url("/gazette"), room.site.url("/new"))


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(Answer(body=b"<html><title>Log in</title>"), id="a login page"),
        pytest.param(Answer(status=404), id="nothing"),
        pytest.param(Answer(body=rss(item(1), end="<item><title>Cut o")), id="half a feed"),
    ],
)
async def test_a_redirect_to_what_is_not_the_feed_moves_nothing(page: Answer, tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        room.site.routes |= {"/gazette": redirect("/new", 308), "/new": page}
        for _ in range(5):
            await room.poll()

        assert room.row("SELECT url, moved_polls FROM feeds") == (room.site.url("/gazette"), 0)


async def test_a_feed_never_moves_to_the_address_of_another(tmp_path: Path) -> None:
    async with newsroom(tmp_path, "gazette", "courier") as room:
        room.site.routes |= {"/gazette": redirect("/courier", 301), "/courier": Answer(body=rss(item(1)))}
        for _ in range(5):
            await room.poll()

        assert room.rows("SELECT key, url = given_url, moved_polls FROM feeds ORDER BY key") == [
            ("courier", 1, 0),
            ("gazette", 1, 5),
        ]
        status = await room.thread(room.archive.status, room.clock)
        assert [(remark.feed, remark.kind) for remark in status.remarks] == [("gazette", "moved")]


async def test_a_new_address_that_stops_working_is_left_for_the_old_one(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        room.site.routes |= {"/gazette": redirect("/new", 301), "/new": Answer(body=rss(item(1)))}
        for _ in range(3):
            await room.poll()
        room.site.routes |= {"/gazette": Answer(body=rss(item(2), item(1))), "/new": Answer(status=404)}
        for _ in range(3):
            await room.poll()

        outcomes = await room.poll()

        assert outcomes["gazette"].outcome is Outcome.NEW
        assert room.row("SELECT url = given_url, state FROM feeds") == (1, "ok")
        assert room.rows("SELECT why FROM feed_moves ORDER BY id")[1] == ("3 polls in a row failed at the new address",)


async def test_a_feed_given_another_address_by_its_owner_forgets_its_moves(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        room.site.routes |= {"/gazette": redirect("/new", 301), "/new": Answer(body=rss(item(1)))}
        for _ in range(3):
            await room.poll()
        (feed,) = room.poller.config.feeds

        await room.thread(room.archive.sync_feeds, [feed], room.clock)
        kept = room.row("SELECT url FROM feeds")
        await room.thread(
            room.archive.sync_feeds,
            [type(feed)(key=feed.key, url=room.site.url("/third"), allow_private=feed.allow_private)],
            room.clock,
        )

        assert kept == (room.site.url("/new"),)
        assert room.row("SELECT url, given_url FROM feeds") == (room.site.url("/third"),) * 2


# ── untrue answers ───────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_feed_is_fetched_whole_once_a_day_whatever_its_server_says(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        feed = rss(item(1))

        def always_the_same(request: Request) -> Answer:
            if request.header("If-None-Match"):
                return Answer(status=304)
            return Answer(body=feed, headers={"ETag": '"forever"'})

        room.site.routes["/gazette"] = always_the_same
        await room.poll()
        feed = rss(item(2), item(1))
        soon = await room.poll()
        room.clock += DAY
        late = await room.poll()
        afterwards = await room.poll()

        assert [each["gazette"].outcome for each in (soon, late, afterwards)] == [
            Outcome.NOT_MODIFIED,
            Outcome.NEW,
            Outcome.UNCHANGED,
        ]
        assert [request.header("If-None-Match") for request in room.site.requests] == [None, b'"forever"', None, None]
        status = await room.thread(room.archive.status, room.clock)
        assert [remark.kind for remark in status.remarks] == ["untrue_304"]


async def test_a_304_that_is_true_keeps_its_server_trusted(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:

        def honest(request: Request) -> Answer:
            same = request.header("If-None-Match") == b'"1"'
            return Answer(status=304) if same else Answer(body=rss(item(1)), headers={"ETag": '"1"'})

        room.site.routes["/gazette"] = honest
        for _ in range(2):
            await room.poll()
        room.clock += DAY
        await room.poll()
        again = await room.poll()

        assert again["gazette"].outcome is Outcome.NOT_MODIFIED
        assert room.row("SELECT lied_at FROM feeds") == (None,)


# ── hosts ────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def due_hosts(room: Newsroom, **duration: float) -> int:
    """How many hosts would be leased so much later."""
    at = room.clock + timedelta(**duration)
    leases = await room.thread(room.archive.lease, at, hosts=9, ttl=timedelta(seconds=1))
    for lease in leases:
        await room.thread(room.archive.release, lease, last_request_at=None)
    return len(leases)


BUSY = Answer(status=429, headers={"Retry-After": "3600"})


async def poll_what_is_due(room: Newsroom) -> list[str]:
    """One round of the daemon; the feeds that were asked."""
    before = len(room.site.requests)
    for lease in await room.thread(room.archive.lease, room.clock, hosts=9, ttl=timedelta(minutes=1)):
        await poll_host(room.poller, lease, done=lambda _: None)
    return [request.target for request in room.site.requests[before:]]


async def test_what_one_feed_hears_holds_its_host_for_a_minute(tmp_path: Path) -> None:
    async with newsroom(tmp_path, "one", "two", "three") as room:
        room.site.routes |= {"/one": BUSY, "/two": Answer(body=rss(item(2))), "/three": Answer(body=rss(item(3)))}

        asked = await poll_what_is_due(room)
        held, over = await due_hosts(room, seconds=59), await due_hosts(room, seconds=61)
        room.clock += timedelta(seconds=61)
        rest = await poll_what_is_due(room)

        assert asked[-1] == "/one"
        assert (held, over) == (0, 1)
        assert {*asked, *rest} == {"/one", "/two", "/three"}
        assert room.row("SELECT limited_feed FROM hosts") == (None,)


async def test_what_two_feeds_hear_holds_their_host_for_as_long_as_it_says(tmp_path: Path) -> None:
    async with newsroom(tmp_path, "one", "two", "three") as room:
        room.site.routes |= {"/one": BUSY, "/two": BUSY, "/three": BUSY}

        first = await poll_what_is_due(room)
        room.clock += timedelta(seconds=61)
        second = await poll_what_is_due(room)

        assert (len(first), len(second)) == (1, 1)
        assert [await due_hosts(room, minutes=59), await due_hosts(room, minutes=61)] == [0, 1]


async def test_feeds_that_somebody_names_are_asked_all_the_same(tmp_path: Path) -> None:
    async with newsroom(tmp_path, "one", "two") as room:
        room.site.routes |= {"/one": BUSY, "/two": BUSY}
        await poll_what_is_due(room)

        leases = await room.thread(
            room.archive.lease, room.clock, hosts=9, ttl=timedelta(minutes=1), keys=["one", "two"]
        )
        outcomes: list[PollOutcome] = []
        await poll_hosts(room.poller, leases, done=outcomes.append, insist=True)

        assert sorted(outcome.feed for outcome in outcomes) == ["one", "two"]


async def test_new_feeds_begin_one_after_the_other(tmp_path: Path) -> None:
    async with newsroom(tmp_path, "old") as room:
        (old,) = room.poller.config.feeds
        many = [type(old)(key=f"feed-{number}", url=room.site.url(f"/{number}")) for number in range(50)]

        await room.thread(room.archive.sync_feeds, [old, *many], room.clock, spread=timedelta(seconds=10))

        due = [row[0] for row in room.rows("SELECT next_poll_at FROM feeds WHERE key <> 'old' ORDER BY next_poll_at")]
        assert len(set(due)) == 50
        in_order = room.rows("SELECT key FROM feeds WHERE key <> 'old' ORDER BY next_poll_at")
        assert in_order != sorted(in_order)


# ── what is said of a document ───────────────────────────────────────────────────────────────────────────────────────


async def test_what_was_cut_from_a_document_is_in_polls_and_in_status(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        room.site.routes["/gazette"] = Answer(body=rss(*(item(number) for number in range(2100))))

        await room.poll()
        await room.poll()

        assert room.rows("SELECT json_array_length(problems) FROM polls ORDER BY id") == [(1,), (0,)]
        status = await room.thread(room.archive.status, room.clock)
        assert ["2,100" in remark.remark or "2100" in remark.remark for remark in status.remarks] == [True]


async def test_a_gap_is_in_polls_and_in_status(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        for first in (1, 10, 20):
            room.site.routes["/gazette"] = Answer(body=rss(*(item(number) for number in range(first, first + 3))))
            await room.poll()

        assert room.rows("SELECT gap FROM polls ORDER BY id") == [(None,), (1,), (1,)]
        status = await room.thread(room.archive.status, room.clock)
        assert [(remark.kind, "2 times" in remark.remark) for remark in status.remarks] == [("gaps", True)]


# ── identities that do not last ──────────────────────────────────────────────────────────────────────────────────────


async def test_short_items_without_links_stay_known_under_new_guids(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:

        def renumbered(_: Request) -> Answer:
            each = len(room.site.requests)
            return Answer(body=rss(*(item(n, link=None, guid=f"{each}-{n}", published=None) for n in range(30))))

        room.site.routes["/gazette"] = renumbered
        for _ in range(3):
            await room.poll()
        room.clock += 3 * DAY
        await room.poll()

        assert room.row("SELECT count(*) FROM articles") == (30,)
        assert room.row("SELECT count(*) FROM alerts") == (0,)


async def test_a_later_item_that_says_the_same_is_an_item_of_its_own(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        for day in range(3):
            notice = item(1, link=None, guid=f"{day}", published=NOW + day * DAY)
            room.site.routes["/gazette"] = Answer(body=rss(notice))
            room.clock = NOW + day * DAY
            await room.poll()

        assert room.row("SELECT count(*) FROM articles") == (3,)


async def test_a_storm_of_old_items_under_new_identities_is_sent_as_one_mail_and_told(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:

        def storm(_: Request) -> Answer:
            each = len(room.site.requests)
            return Answer(
                body=rss(
                    *(
                        item(
                            number,
                            guid=f"{each}-{number}",
                            link=f"https://gazette.example/{number}?s={each}-{number}",
                            description=f"Read {each * 1000 + number} times. Ukraine.",
                            published=None,
                        )
                        for number in range(30)
                    )
                )
            )

        calm = rss(
            *(item(number, description=f"Read {number} times. Ukraine.", published=None) for number in range(30))
        )
        room.site.routes["/gazette"] = Answer(body=calm)
        for _ in range(3):
            await room.poll()
        room.site.routes["/gazette"] = storm
        outcomes = await room.poll()

        assert outcomes["gazette"].storm == 30
        assert room.row("SELECT count(*) FROM articles") == (60,)  # nothing is dropped
        assert room.rows("SELECT DISTINCT state, why FROM deliveries") == [("waiting", "storm")]
        config = room.poller.config
        composer = Composer(
            config=config, archive=room.archive, thread=room.thread, now=lambda: room.clock + timedelta(minutes=1)
        )
        assert await composer.compose_due() == 1
        for _ in range(2):
            await queue_storm_notice(room.thread, room.archive, config, feed="gazette", entries=30, now=room.clock)
        assert room.rows("SELECT kind, channel, recipient FROM messages ORDER BY id") == [
            ("overflow", "desk", "desk@example.org"),
            ("notice", "operator", "desk@example.org"),
        ]
        assert room.row("SELECT count(*) FROM alerts WHERE state = 'waiting'") == (0,)

        for _ in range(3):
            again = await room.poll()
            assert again["gazette"].storm == 0

        # It was no move of house: from the second storm on the feed's entries are known by what does last.
        assert room.row("SELECT identity FROM feeds") == ("title",)
        assert room.row("SELECT count(*) FROM articles") == (60,)
        assert room.row("SELECT count(*) FROM alerts WHERE kind = 'article'") == (30,)
        assert room.row("SELECT count(*) FROM sightings") == (60,)
        status = await room.thread(room.archive.status, room.clock)
        assert any("known by their titles" in remark.remark for remark in status.remarks)


async def test_a_feed_that_never_names_an_item_twice_alike_has_no_storm(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:

        def renamed(_: Request) -> Answer:
            each = len(room.site.requests)
            link = "https://gazette.example/read?s={1}-{0}"
            items = (item(n, guid=f"{each}-{n}", link=link.format(n, each), published=None) for n in range(30))
            return Answer(body=rss(*items))

        room.site.routes["/gazette"] = renamed
        for _ in range(3):
            outcomes = await room.poll()
            assert outcomes["gazette"].storm == 0

        assert room.row("SELECT count(*) FROM articles") == (30,)
        assert room.row("SELECT count(*) FROM alerts") == (0,)


async def test_bulletins_of_another_day_are_news_although_their_titles_are_old(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        for day in range(3):
            bulletins = (
                item(
                    n,
                    guid=f"{day}-{n}",
                    link=f"https://gazette.example/{day}/{n}",
                    title=f"Weather in town {n}",
                    description=f"Ukraine, day {day}.",
                    published=None,
                )
                for n in range(12)
            )
            room.site.routes["/gazette"] = Answer(body=rss(*bulletins))
            for _ in range(4):
                await room.poll()
            room.clock += DAY

        assert room.row("SELECT count(*) FROM articles") == (36,)
        assert room.row("SELECT identity FROM feeds") == ("guid",)


async def test_dated_items_stay_known_although_guid_link_and_text_change_at_every_poll(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:

        def renumbered(_: Request) -> Answer:
            each = len(room.site.requests)
            link = "https://gazette.example/{0}?s={1}-{0}"
            return Answer(
                body=rss(
                    *(
                        item(
                            n,
                            guid=f"{each}-{n}",
                            link=link.format(n, each),
                            description=f"Read {each * 1000 + n} times. Ukraine.",
                        )
                        for n in range(30)
                    )
                )
            )

        room.site.routes["/gazette"] = renumbered
        for _ in range(6):
            await room.poll()

        assert room.row("SELECT count(*), max(revisions) FROM articles") == (30, 5)
        assert room.row("SELECT count(*) FROM alerts") == (0,)
        # Counters are no history: the first versions are, and then what was said last.
        assert room.row("SELECT max(n) FROM (SELECT count(*) AS n FROM revisions GROUP BY article)") == (3,)


async def test_a_feed_that_gives_edited_items_new_guids_is_known_by_its_links(tmp_path: Path) -> None:
    titles = ["Rain in Kyiv", "Ministers meet in Brussels", "Grain leaves Odesa", "A bridge is opened"]
    async with newsroom(tmp_path) as room:
        edits = -1

        def edited(_: Request) -> Answer:
            nonlocal edits
            edits += 1
            items = [
                item(
                    n,
                    guid=f"{n}-{edits if n < edits else 0}",
                    title=f"{title} {'anew ' * (n < edits)}{edits * (n < edits)}",
                )
                for n, title in enumerate(titles)
            ]
            return Answer(body=rss(*items))

        room.site.routes["/gazette"] = edited
        for _ in range(4):
            await room.poll()

        assert room.row("SELECT identity FROM feeds") == ("link",)
        assert room.row("SELECT count(*) FROM articles") == (4,)


async def test_many_new_items_at_once_are_no_storm(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        room.site.routes["/gazette"] = Answer(body=rss(*(item(number) for number in range(30))))
        await room.poll()
        room.site.routes["/gazette"] = Answer(body=rss(*(item(number) for number in range(25, 80))))

        outcomes = await room.poll()

        assert outcomes["gazette"].storm == 0
        assert room.row("SELECT count(*) FROM alerts") == (50,)
        assert room.rows("SELECT DISTINCT why FROM deliveries") == [("group",)]
