"""JSON Feed, versions 1.0 and 1.1: what the specification shows, and what may stand in its place."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from monitor.model import NotAFeed, ParsedEntry, ParsedFeed
from monitor.parse import parse

V1 = "https://jsonfeed.org/version/1"
V11 = "https://jsonfeed.org/version/1.1"


def feed_of(body: bytes) -> ParsedFeed:
    feed = parse(body, url="https://gazette.example/feed.json", content_type="application/feed+json")
    assert isinstance(feed, ParsedFeed), feed
    return feed


def document(*items: Any, version: str = V11, **top: Any) -> bytes:
    return json.dumps({"version": version, "title": "Gazette", **top, "items": items}).encode()


def entry_of(item: Any, **top: Any) -> ParsedEntry:
    (entry,) = feed_of(document(item, **top)).entries
    return entry


# ── the specification's kinds of feed ────────────────────────────────────────────────────────────────────────────────


def test_two_plain_items_are_read() -> None:
    feed = feed_of(
        document(
            {"id": "2", "content_text": "A second item.", "url": "https://gazette.example/second"},
            {"id": "1", "content_html": "<p>Hello!</p>", "url": "https://gazette.example/first"},
            home_page_url="https://gazette.example/",
            feed_url="https://gazette.example/feed.json",
        )
    )

    assert (feed.title, feed.link, feed.format) == ("Gazette", "https://gazette.example/", "json11")
    assert (feed.truncated, feed.problems) == (None, ())
    assert feed.entries == (
        ParsedEntry(
            guid="2", link="https://gazette.example/second", title="", body="A second item.", body_is_plain=True
        ),
        ParsedEntry(guid="1", link="https://gazette.example/first", title="", body="<p>Hello!</p>"),
    )


def test_a_podcast_is_read_without_its_recording() -> None:
    feed = feed_of(
        document(
            {
                "id": "http://waves.example/anne",
                "title": "Special #1",
                "url": "http://waves.example/anne",
                "content_text": "Anne talks about the radio.",
                "content_html": "Anne talks about <a href='/radio'>the radio</a>.",
                "summary": "About the radio.",
                "date_published": "2026-05-09T14:04:00-07:00",
                "attachments": [{"url": "http://waves.example/a.m4a", "mime_type": "audio/x-m4a", "title": "Sound"}],
            },
            version=V1,
            user_comment="This is for people.",
            home_page_url="http://waves.example/",
        )
    )

    assert feed.format == "json1"
    assert feed.entries == (
        ParsedEntry(
            guid="http://waves.example/anne",
            link="http://waves.example/anne",
            title="Special #1",
            body="Anne talks about <a href='/radio'>the radio</a>.",
            published=datetime(2026, 5, 9, 21, 4, tzinfo=UTC),
        ),
    )


def test_a_microblog_is_read_with_its_one_author() -> None:
    feed = feed_of(
        document(
            {
                "id": "2347259",
                "url": "https://anne.example/2347259",
                "content_text": "Cats are neat.\n\nhttps://gazette.example/cats",
                "date_published": "2026-02-09T14:22:00-07:00",
            },
            version=V1,
            author={"name": "Anne Exemple", "url": "http://anne.example/", "avatar": "https://anne.example/a.png"},
        )
    )

    (entry,) = feed.entries
    assert (entry.title, entry.authors, entry.body_is_plain) == ("", ("Anne Exemple",), True)
    assert entry.published == datetime(2026, 2, 9, 21, 22, tzinfo=UTC)


# ── items ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("item", "top", "field", "value"),
    [
        pytest.param({"id": 17}, {}, "guid", "17", id="an id that is a number"),
        pytest.param({"id": 2**63}, {}, "guid", "9223372036854775808", id="an id beyond 63 bits"),
        pytest.param({"id": 1.50}, {}, "guid", "1.5", id="an id with a point"),
        pytest.param({"id": None}, {}, "guid", None, id="no id"),
        pytest.param({"id": True}, {}, "guid", None, id="an id that is a truth"),
        pytest.param({"title": 1984}, {}, "title", "1984", id="a title that is a number"),
        pytest.param({"url": "/a"}, {}, "link", "https://gazette.example/a", id="a relative address"),
        pytest.param(
            {"url": "https://a.example/1", "external_url": "https://b.example/"}, {}, "link", "https://a.example/1",
            id="its own address goes before what it writes about",
        ),
        pytest.param({"external_url": "https://b.example/"}, {}, "link", "https://b.example/", id="only another's"),
        pytest.param({"url": 5, "external_url": []}, {}, "link", None, id="addresses that are none"),
        pytest.param({"content_html": "<p>a</p>", "content_text": "a, at length"}, {}, "body", "<p>a</p>",
            id="HTML before text"),
        pytest.param({"summary": "About."}, {}, "body", "About.", id="a summary for want of content"),
        pytest.param({"content_html": ["a"], "content_text": "b"}, {}, "body", "b", id="content of a wrong type"),
        pytest.param({"authors": [{"name": "A"}, {"url": "u"}, "x", {"name": "B"}], "author": {"name": "C"}}, {},
            "authors", ("A", "B"), id="authors before the old author"),
        pytest.param({"author": {"name": "C"}}, {"authors": [{"name": "F"}]}, "authors", ("C",), id="the item's own"),
        pytest.param({}, {"authors": [{"name": "F"}, {"name": "G"}]}, "authors", ("F", "G"), id="the feed's authors"),
        pytest.param({"authors": []}, {"author": {"name": "F"}}, "authors", ("F",), id="the feed's one author"),
        pytest.param({"authors": {"name": "A"}}, {}, "authors", (), id="authors that are no list"),
        pytest.param({"tags": ["a", "b", 3, None, ["c"], "a"]}, {}, "categories", ("a", "b", "3"), id="tags"),
        pytest.param({"language": "fr_FR"}, {"language": "en"}, "language", "fr-FR", id="its language"),
        pytest.param({}, {"language": "en"}, "language", None, id="no language of its own"),
        pytest.param({"date_published": "2026-11-22 10:00:00.5 +0100"}, {}, "published",
            datetime(2026, 11, 22, 9, tzinfo=UTC), id="a sloppy date"),
        pytest.param({"date_modified": "2026-11-22"}, {}, "updated", datetime(2026, 11, 22, tzinfo=UTC), id="a day"),
        pytest.param({"date_published": 1_700_000_000}, {}, "published", None, id="a date that is a number"),
        pytest.param({"date_published": "9999-99-99T99:99:99Z"}, {}, "published", None, id="no date of this world"),
    ],
)  # fmt: skip
def test_a_field_is_read_or_counts_as_missing(item: Any, top: dict[str, Any], field: str, value: object) -> None:
    assert getattr(entry_of(item, **top), field) == value


def test_a_feed_that_has_ended_says_so() -> None:
    assert any("ended" in problem for problem in feed_of(document(expired=True)).problems)
    assert feed_of(document(expired="true", next_url="https://gazette.example/2", hubs=[{"type": "x"}])).problems == ()


# ── as bytes ─────────────────────────────────────────────────────────────────────────────────────────────────────────

WHOLE = document({"id": "1", "title": "L’été"}, {"id": "2"}, {"id": "3"})


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"\xef\xbb\xbf" + WHOLE, id="a byte order mark"),
        pytest.param(WHOLE.decode().encode("utf-16"), id="UTF-16"),
        pytest.param(WHOLE.decode().encode("utf-16-be"), id="UTF-16 without a mark"),
        pytest.param(WHOLE.replace(V11.encode(), b"http://www.jsonfeed.org/version/1.1/"), id="the version otherwise"),
        pytest.param(WHOLE + b"\n<!-- 0.2 s -->", id="something after it"),
        pytest.param(WHOLE.replace(b'"1",', b'"1",\n\t'), id="white space"),
        pytest.param(WHOLE.replace(b'"id": "1"', b'"id": "0", "id": "1"'), id="a key twice: the last counts"),
    ],
)
def test_a_whole_document_is_read_whole(body: bytes) -> None:
    feed = feed_of(body)

    assert feed.truncated is None
    assert [entry.guid for entry in feed.entries] == ["1", "2", "3"]
    assert feed.entries[0].title == "L’été"


@pytest.mark.parametrize(
    ("body", "guids"),
    [
        pytest.param(WHOLE[: WHOLE.index(b'"3"')], ["1", "2"], id="inside an item"),
        pytest.param(WHOLE[:-2], ["1", "2", "3"], id="after the last item"),
        pytest.param(
            document({"id": "1"}, {"id": "2"}, _blue_shed={"items": [{"id": "x"}]})[:-8], ["1"],
            id="with items in an extension",
        ),
        pytest.param(document({"id": "1"}, "DEEP").replace(b'"DEEP"', b"[" * 100_000), ["1"], id="at brackets"),
    ],
)  # fmt: skip
def test_a_document_that_is_cut_off_keeps_its_complete_items(body: bytes, guids: list[str]) -> None:
    feed = feed_of(body)

    assert feed.truncated
    assert [entry.guid for entry in feed.entries] == guids


@pytest.mark.parametrize("hostile", ["NaN", "-Infinity", "9" * 5_000, "1e999", "[" * 500 + "]" * 500, "{}", "null"])
@pytest.mark.parametrize("key", ["version", "title", "language", "authors", "author", "expired", "next_url", "items"])
def test_a_hostile_value_on_top_costs_at_most_itself(key: str, hostile: str) -> None:
    body = WHOLE[:-1] + f', "{key}": {hostile}'.encode() + b"}"

    read = parse(body, url="https://gazette.example/feed.json", content_type=None)

    if key in ("version", "items"):
        assert isinstance(read, ParsedFeed if (key, hostile[:1]) == ("items", "[") else NotAFeed)
    else:
        assert isinstance(read, ParsedFeed)
        assert len(read.entries) == 3
