"""What a broken, lying or restless feed leaves in the archive: its news, once, and nothing that bars later news."""

from __future__ import annotations

import gzip
from itertools import count
from pathlib import Path

import pytest

from monitor.model import Outcome
from tests.factories import later
from tests.loopback import Answer, Request, Site
from tests.rss import item, rss
from tests.torture.documents import one
from tests.torture.room import room, settings

WHOLE = rss(item(3), item(2), item(1))


def answers(*replies: Answer | bytes) -> list[Answer | bytes]:
    """Replies in turn, the last again and again."""
    return list(replies)


def in_turn(replies: list[Answer | bytes]) -> object:
    """A route that gives each reply once, and the last for ever."""
    return lambda _: replies.pop(0) if len(replies) > 1 else replies[0]


def conditions(site: Site) -> list[bytes | None]:
    """What each request asked with."""
    return [request.header("If-None-Match") for request in site.requests]


def raw(body: bytes, *headers: str) -> bytes:
    """An answer that ends with the connection."""
    return "".join(f"{line}\r\n" for line in ("HTTP/1.1 200 OK", 'ETag: "cut"', *headers, "")).encode() + body


# ── cut off ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(raw(WHOLE[:-130]), id="the connection closes in the last item"),
        pytest.param(raw(WHOLE[:-130], f"Content-Length: {len(WHOLE)}"), id="less than was announced"),
        pytest.param(raw(gzip.compress(WHOLE)[:-24], "Content-Encoding: gzip"), id="gzip without its end"),
        pytest.param(Answer(body=WHOLE[:-130], headers={"ETag": '"cut"'}), id="a document without its end"),
    ],
)
async def test_a_cut_answer_keeps_its_complete_items_and_is_asked_for_again(
    reply: Answer | bytes, tmp_path: Path
) -> None:
    async with Site() as site:
        whole = Answer(body=WHOLE, headers={"ETag": '"whole"'})
        first = Answer(body=rss(item(1)), headers={"ETag": '"first"'})
        site.routes["/feed"] = in_turn(answers(first, reply, whole))  # type: ignore[assignment]
        config = settings(tmp_path, {"feed": site.url("/feed")}, allow=[site.pair])
        async with room(config) as newsroom:
            await newsroom.poll()
            cut = (await newsroom.poll())["feed"]
            kept = set(newsroom.column("SELECT guid FROM articles"))
            mended = (await newsroom.poll())["feed"]
            await newsroom.poll()

            assert cut.outcome is Outcome.TRUNCATED
            assert kept in ({"gazette-1", "gazette-3"}, {"gazette-1", "gazette-2", "gazette-3"})
            assert mended.outcome in (Outcome.NEW, Outcome.NOTHING_NEW)
            assert sorted(newsroom.column("SELECT guid FROM articles")) == ["gazette-1", "gazette-2", "gazette-3"]
            assert newsroom.column("SELECT count(*) FROM alerts") == [2]
    assert conditions(site) == [None, b'"first"', b'"first"', b'"whole"']


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"<!doctype html><html><title>Please log in</title><form></form></html>", id="a login page"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"It works!", id="plain text"),
        pytest.param(b'<opml version="2.0"><body><outline xmlUrl="https://a.example/"/></body></opml>', id="OPML"),
        pytest.param(b'{"error": "rate limit"}', id="JSON of another kind"),
    ],
)
async def test_what_is_no_feed_is_a_failure_and_keeps_the_validators(body: bytes, tmp_path: Path) -> None:
    async with Site() as site:
        good = Answer(body=WHOLE, headers={"ETag": '"good"'})
        bad = Answer(body=body, headers={"ETag": '"bad"', "Content-Type": "text/xml"})
        site.routes["/feed"] = in_turn(answers(good, bad, good))  # type: ignore[assignment]
        config = settings(tmp_path, {"feed": site.url("/feed")}, allow=[site.pair])
        async with room(config) as newsroom:
            await newsroom.poll()
            outcome = (await newsroom.poll())["feed"]

            assert outcome.outcome is Outcome.NOT_A_FEED
            assert newsroom.column("SELECT state FROM feeds") == ["failing"]
            await newsroom.poll()
    assert conditions(site) == [None, b'"good"', b'"good"']


# ── validators ───────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_whole_answer_is_read_although_its_etag_never_changes(tmp_path: Path) -> None:
    numbers = count(1)
    same = {"ETag": '"same"', "Last-Modified": "Sun, 22 Nov 2026 12:00:00 GMT"}
    async with Site() as site:
        site.routes["/feed"] = lambda _: Answer(body=rss(item(next(numbers))), headers=same)
        config = settings(tmp_path, {"feed": site.url("/feed")}, allow=[site.pair])
        async with room(config) as newsroom:
            outcomes = [(await newsroom.poll())["feed"].outcome for _ in range(3)]

    assert outcomes == [Outcome.NEW] * 3


@pytest.mark.parametrize(
    ("etag", "echoed"),
    [
        pytest.param(b'W/"weak-1"', b'W/"weak-1"', id="a weak one, as it stands"),
        pytest.param(b'"caf\xe9"', b'"caf\xe9"', id="Latin-1"),
        pytest.param('"кеш"'.encode(), '"кеш"'.encode(), id="UTF-8"),
        pytest.param(b"unquoted", b"unquoted", id="without quotes"),
        pytest.param(b'"' + b"e" * 1022 + b'"', b'"' + b"e" * 1022 + b'"', id="a kilobyte"),
        pytest.param(b'"' + b"e" * 1023 + b'"', None, id="more than a kilobyte"),
        pytest.param(b'"' + b"e" * 90_000 + b'"', None, id="ninety kilobytes"),
        pytest.param(b'"a\tb"', b'"a\tb"', id="a tab"),
    ],
)
async def test_an_etag_comes_back_byte_for_byte_or_not_at_all(
    etag: bytes, echoed: bytes | None, tmp_path: Path
) -> None:
    async with Site() as site:
        site.routes["/feed"] = Answer(body=WHOLE, headers={"ETag": etag})
        config = settings(tmp_path, {"feed": site.url("/feed")}, allow=[site.pair])
        async with room(config) as newsroom:
            first = (await newsroom.poll())["feed"]
            await newsroom.poll()

    assert first.outcome is Outcome.NEW
    assert conditions(site) == [None, echoed]


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b'ETag: "a\x00b"\r\n', id="a NUL in the ETag"),
        pytest.param(b"ETag: " + b"e" * 200_000 + b"\r\n", id="an ETag of 200 KB"),
        pytest.param(b"Content-Length: 5\r\nContent-Length: 6\r\n", id="two lengths"),
        pytest.param(b"Content-Length: 5, 6\r\n", id="two lengths in one"),
        pytest.param(b"Content-Length: +5\r\n", id="a length with a sign"),
        pytest.param(b"Content-Length: 0x5\r\n", id="a length in another base"),
        pytest.param(b"X: a\r\n  ETag: folded\r\nY\x01: z\r\n", id="a control character in a name"),
        pytest.param(b"no colon at all\r\n", id="a line that is no header"),
        pytest.param(b"Transfer-Encoding: gzip, chunked\r\n", id="a transfer coding nobody offered"),
    ],
)
async def test_a_head_that_cannot_be_understood_is_a_failure(head: bytes, tmp_path: Path) -> None:
    async with Site() as site:
        site.routes |= {"/bad": b"HTTP/1.1 200 OK\r\n" + head + b"\r\n" + WHOLE, "/good": Answer(body=WHOLE)}
        feeds = {"bad": site.url("/bad"), "good": site.url("/good")}
        async with room(settings(tmp_path, feeds, allow=[site.pair])) as newsroom:
            outcomes = await newsroom.poll()

    assert outcomes["bad"].outcome is Outcome.PROTOCOL
    assert outcomes["good"].outcome is Outcome.NEW


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"Content-Length: %d\r\nContent-Length: %d\r\n" % (len(WHOLE), len(WHOLE)), id="twice one length"),
        pytest.param(b"X-Folded: one\r\n two\r\n\tthree\r\n", id="a folded header (RFC 9112 §5.2)"),
        pytest.param(b"X-Latin: caf\xe9\r\n", id="bytes beyond ASCII"),
        pytest.param(b"ETag: \r\nLast-Modified: yesterday\r\n", id="an empty ETag and a date that is none"),
        pytest.param(b'ETag: "1"\r\nETag: "2"\r\n', id="two ETags"),
    ],
)
async def test_an_odd_head_keeps_no_news_away(head: bytes, tmp_path: Path) -> None:
    async with Site() as site:
        site.routes["/feed"] = b"HTTP/1.1 200 OK\r\n" + head + b"\r\n" + WHOLE
        async with room(settings(tmp_path, {"feed": site.url("/feed")}, allow=[site.pair])) as newsroom:
            outcomes = [(await newsroom.poll())["feed"].outcome for _ in range(2)]

    assert outcomes == [Outcome.NEW, Outcome.UNCHANGED]


async def test_a_304_is_believed_only_where_it_was_asked_for_and_its_new_etag_is_kept(tmp_path: Path) -> None:
    def asked_or_not(request: Request) -> Answer:
        return Answer(status=304, headers={"ETag": '"2"'} if request.header("If-None-Match") == b'"1"' else {})

    async with Site() as site:
        site.routes["/feed"] = Answer(status=304)
        async with room(settings(tmp_path, {"feed": site.url("/feed")}, allow=[site.pair])) as newsroom:
            unasked = (await newsroom.poll())["feed"]
            site.routes["/feed"] = Answer(body=WHOLE, headers={"ETag": '"1"'})
            await newsroom.poll()
            site.routes["/feed"] = asked_or_not
            believed = [(await newsroom.poll())["feed"].outcome for _ in range(2)]

    assert unasked.outcome is Outcome.PROTOCOL
    assert believed == [Outcome.NOT_MODIFIED] * 2
    assert conditions(site) == [None, None, b'"1"', b'"2"']


# ── characters, numbers, dates ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        pytest.param(one(title="Ukraine &#xD800; today"), "text/xml", id="a surrogate by number"),
        pytest.param(one(title="Ukraine &#x110000; today"), "text/xml", id="a number beyond Unicode"),
        pytest.param(one(title=f"Ukraine &#{'9' * 5000}; today"), "text/xml", id="a number of 5,000 digits"),
        pytest.param(one(title="Ukraine \x00\x01\x1b[31m today"), "text/xml", id="NUL and controls"),
        pytest.param(one(title="Ukraine \ud800 today"), "text/xml", id="a surrogate as bytes"),
        pytest.param(one(title="Ukraine today"), "text/xml; charset=undefined", id="a codec that raises"),
        pytest.param(one(title="Ukraine today"), "text/xml; charset=unicode_escape", id="a codec that unescapes"),
        pytest.param(one(title="Ukraine today"), "text/xml; charset=idna", id="a codec that is no charset"),
        pytest.param(one(title="Ukraine today"), "text/xml; charset='u%00 tf-8", id="a charset in pieces"),
        pytest.param(one(title="Ukraine today").decode().encode("utf-16"), "text/xml; charset=utf-8", id="UTF-16"),
        pytest.param(
            '<?xml version="1.0" encoding="utf-16"?>'.encode("utf-16-le")
            + one(title="Ukraine \ud800 today")
            .partition(b"?>")[2]
            .decode("utf-8", "surrogatepass")
            .encode("utf-16-le", "surrogatepass"),
            "text/xml",
            id="UTF-16 with half a pair",
        ),
        pytest.param(b"\xef\xbb\xbf" + one(title="Ukraine today"), "text/xml; charset=koi8-r", id="a mark and a lie"),
        pytest.param(
            one(title="Україна Ukraine today").decode().encode("cp1251"),
            "text/xml; charset=utf-8",
            id="the header lies",
        ),
        pytest.param(one(title="Ukraine \u202etoday\u202c \u2066x\u2069"), "text/xml", id="direction overrides"),
    ],
)
async def test_hostile_characters_are_stored_clean_found_and_mailed(
    body: bytes, content_type: str, tmp_path: Path
) -> None:
    async with Site() as site:
        site.routes |= {
            "/bad": in_turn(  # type: ignore[dict-item]
                answers(Answer(body=rss()), Answer(body=body, headers={"Content-Type": content_type}))
            ),
            "/good": Answer(body=WHOLE),
        }
        feeds = {"bad": site.url("/bad"), "good": site.url("/good")}
        async with room(settings(tmp_path, feeds, allow=[site.pair])) as newsroom:
            good = (await newsroom.poll())["good"]
            outcome = (await newsroom.poll())["bad"]

            assert good.outcome is Outcome.NEW
            assert outcome.outcome is Outcome.NEW
            (title,) = newsroom.column("SELECT title FROM articles WHERE feed = 'bad'")
            assert title.encode()
            assert all(character.isprintable() or character == "\ufffd" for character in title)
            found = "SELECT count(*) FROM articles_fts WHERE articles_fts MATCH 'ukraine' AND title LIKE '%today%'"
            assert newsroom.column(found) == [1]
            assert len(newsroom.column("SELECT message FROM deliveries")) == 1


@pytest.mark.parametrize(
    "date",
    [
        "Mon, 01 Jan 0001 00:00:00 GMT",
        "9999-12-31T23:59:59Z",
        "0000-00-00T00:00:00Z",
        "2026-11-22T12:00:00+99:99",
        "Sun, 22 Nov 2036 12:00:00 GMT",
        "",
        "2026-13-45T99:99:99Z",
        "-1",
        "9" * 400,
        "22 November",
        "١٢ نوفمبر ٢٠٢٦",
    ],
)
async def test_no_date_stops_an_article_or_its_alert(date: str, tmp_path: Path) -> None:
    async with Site() as site:
        body = one(title="Ukraine at last", pubDate=date)
        site.routes["/feed"] = in_turn(answers(Answer(body=rss()), Answer(body=body)))  # type: ignore[assignment]
        async with room(settings(tmp_path, {"feed": site.url("/feed")}, allow=[site.pair])) as newsroom:
            await newsroom.poll()
            outcome = (await newsroom.poll())["feed"]

            assert outcome.outcome is Outcome.NEW
            (published,) = newsroom.column("SELECT published_at FROM articles")
            assert published is None or "1990" <= published <= f"{later(days=1):%Y-%m-%d}"
            assert newsroom.column("SELECT count(*) FROM alerts") == [1]


@pytest.mark.parametrize(
    "text", ["", "https://gazette.example/", "a", "\u0301" * 1000, "🇺🇦" * 500, "ab " * 330_000, "1 2 3"]
)
async def test_a_text_without_a_language_is_kept_and_alerts_all_the_same(text: str, tmp_path: Path) -> None:
    rules = "  - {name: any, query: Ukraine, languages: [fr], channels: [desk]}\n"
    async with Site() as site:
        body = rss(item(1, title="Ukraine", description=text, published=None), language="")
        site.routes["/feed"] = in_turn(answers(Answer(body=rss()), Answer(body=body)))  # type: ignore[assignment]
        config = settings(tmp_path, {"feed": site.url("/feed")}, allow=[site.pair], rules=rules)
        async with room(config) as newsroom:
            await newsroom.poll()
            await newsroom.poll()

            ((language, matches),) = newsroom.rows(
                "SELECT language, (SELECT count(*) FROM matches WHERE article = articles.id) FROM articles"
            )
            assert matches == (language in ("und", "fr"))


# ── identity ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("linked", [True, False], ids=["with links", "without links"])
async def test_new_guids_on_every_poll_bring_no_repeats(linked: bool, tmp_path: Path) -> None:
    polls = count()
    paragraph = " ".join(f"word{number}" for number in range(80))  # a text that long is no form letter

    def storm(_: Request) -> Answer:
        number = next(polls)
        return Answer(
            body=rss(
                *(
                    item(
                        each,
                        guid=f"{number}-{each}",
                        description=f"On day {each} in Ukraine {paragraph} {each}",
                        **({} if linked else {"link": None}),
                    )
                    for each in range(100)
                )
            )
        )

    async with Site() as site:
        site.routes["/feed"] = storm
        async with room(settings(tmp_path, {"feed": site.url("/feed")}, allow=[site.pair])) as newsroom:
            outcomes = [(await newsroom.poll())["feed"] for _ in range(4)]

            assert [outcome.new for outcome in outcomes] == [100, 0, 0, 0]
            assert newsroom.column("SELECT count(*) FROM alerts") == [0]


@pytest.mark.parametrize(
    "again",
    [
        pytest.param({"guid": None}, id="the guid is gone"),
        pytest.param({"guid": "other"}, id="the guid is another"),
        pytest.param({"link": "https://www.gazette.example/1/?utm_source=rss"}, id="the link is tracked"),
        pytest.param({"link": "https://gazette.example/1"}, id="nothing changed but the date"),
    ],
)
async def test_an_item_that_changes_its_marks_is_not_news_again(again: dict[str, str | None], tmp_path: Path) -> None:
    async with Site() as site:
        site.routes["/feed"] = in_turn(  # type: ignore[assignment]
            answers(
                Answer(body=rss(item(9))),
                Answer(body=rss(item(1, link="http://gazette.example/1"), item(9))),
                Answer(body=rss(item(1, published=later(minutes=5), **again), item(9))),
            )
        )
        async with room(settings(tmp_path, {"feed": site.url("/feed")}, allow=[site.pair])) as newsroom:
            outcomes = [(await newsroom.poll())["feed"] for _ in range(3)]

            assert [outcome.new for outcome in outcomes] == [1, 1, 0]
            assert newsroom.column("SELECT count(*) FROM alerts") == [1]


async def test_one_guid_in_two_feeds_and_twice_in_one_loses_nothing(tmp_path: Path) -> None:
    async with Site() as site:
        site.routes |= {
            "/a": Answer(body=rss(item(1, guid="same"), item(2, guid="same"), item(3, guid=None))),
            "/b": Answer(body=rss(item(4, guid="same"))),
        }
        feeds = {"a": site.url("/a"), "b": site.url("/b")}
        async with room(settings(tmp_path, feeds, allow=[site.pair])) as newsroom:
            for _ in range(2):
                await newsroom.poll()

            assert sorted(newsroom.column("SELECT title FROM articles")) == [
                f"Report {number} on Ukraine" for number in range(1, 5)
            ]
