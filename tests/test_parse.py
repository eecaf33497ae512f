"""Bytes to entries: every format in one shape, decoded, bounded, and never an exception."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.model import NotAFeed, Outcome, ParsedEntry, ParsedFeed
from monitor.parse import parse
from tests.effort import must_end

CORPUS = Path(__file__).parent / "corpus"
URL = "https://gazette.example/feeds/rss.xml"


def rss(items: str, *, channel: str = "<link>https://gazette.example/</link>", prolog: str = "", root: str = "") -> str:
    return f'{prolog}<rss version="2.0" {root}><channel><title>Gazette</title>{channel}{items}</channel></rss>'


def item(**elements: str) -> str:
    return "<item>" + "".join(f"<{name}>{value}</{name}>" for name, value in elements.items()) + "</item>"


def parsed(body: str | bytes, *, content_type: str | None = None) -> ParsedFeed:
    feed = parse(body.encode() if isinstance(body, str) else body, url=URL, content_type=content_type)
    assert isinstance(feed, ParsedFeed), feed
    return feed


def refused(body: str | bytes) -> NotAFeed:
    feed = parse(body.encode() if isinstance(body, str) else body, url=URL, content_type=None)
    assert isinstance(feed, NotAFeed), feed
    return feed


def entry_of(body: str | bytes) -> ParsedEntry:
    (entry,) = parsed(body).entries
    return entry


# ── formats ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_rss_2_0_is_read() -> None:
    body = rss(
        item(
            title="L’OTAN se réunit",
            link="https://gazette.example/1",
            guid="g1",
            description="&lt;p&gt;Les ministres&lt;/p&gt;",
            author="anne@gazette.example (Anne Exemple)",
            category="OTAN",
            pubDate="Sun, 22 Nov 2026 10:00:00 +0100",
        ),
        channel="<link>https://gazette.example/</link><language>fr_FR</language>",
    )

    feed = parsed(body)

    assert (feed.title, feed.link, feed.language, feed.format) == (
        "Gazette",
        "https://gazette.example/",
        "fr-FR",
        "rss20",
    )
    assert feed.truncated is None
    assert feed.problems == ()
    assert feed.entries == (
        ParsedEntry(
            guid="g1",
            link="https://gazette.example/1",
            title="L’OTAN se réunit",
            body="<p>Les ministres</p>",
            authors=("Anne Exemple",),
            categories=("OTAN",),
            published=datetime(2026, 11, 22, 9, 0, tzinfo=UTC),
        ),
    )


def test_atom_is_read_with_its_bases_and_languages() -> None:
    feed = parsed((CORPUS / "atom-xml-base.xml").read_bytes())

    first, second = feed.entries
    assert (feed.title, feed.link, feed.language) == ("Le carnet de la Gazette", "https://gazette.example/blog/", "fr")
    assert first.link == "https://gazette.example/blog/2026/otan"
    assert first.body == "<p>Les ministres se réunissent mardi à Bruxelles.</p>"
    assert (first.published, first.updated) == (
        datetime(2026, 11, 22, 8, 0, tzinfo=UTC),
        datetime(2026, 11, 22, 8, 30, tzinfo=UTC),
    )
    assert first.categories == ("OTAN",)
    assert first.language is None
    assert second.link == "https://other.example/story"
    assert (second.body, second.body_is_plain) == ("5 < 6 & 7 > 6", True)
    assert second.published is None
    assert second.language == "en"


def test_rdf_is_read() -> None:
    feed = parsed((CORPUS / "rdf-rss10.xml").read_bytes())

    assert (feed.format, feed.language) == ("rss10", "fr")
    assert [entry.guid for entry in feed.entries] == ["https://gazette.example/1", "https://gazette.example/2"]
    assert feed.entries[0].authors == ("Anne Exemple",)


def test_json_feed_is_read() -> None:
    feed = parsed((CORPUS / "feed-11.json").read_bytes())

    first, second = feed.entries
    assert (feed.format, feed.title, feed.language) == ("json11", "Gazette", "fr-FR")
    assert first == ParsedEntry(
        guid="17",
        link="https://gazette.example/2026/otan",
        title="L’OTAN",
        body="<p>Les ministres à Bruxelles.</p>",
        authors=("Anne Exemple",),
        categories=("otan", "ukraine", "3"),
        published=datetime(2026, 11, 22, 9, 0, tzinfo=UTC),
    )
    assert (second.link, second.body, second.body_is_plain) == ("https://other.example/b", "5 < 6", True)
    assert (second.authors, second.language) == (("La rédaction",), "en")


def test_the_longest_text_of_an_entry_is_its_body() -> None:
    short, long = "Court.", "Le texte entier de l’article, bien plus long."
    body = rss(
        item(title="t", description=short, **{"content:encoded": long}),
        root='xmlns:content="http://purl.org/rss/1.0/modules/content/"',
    )

    assert entry_of(body).body == long


def test_an_entrys_language_is_that_of_the_text_we_keep() -> None:
    body = (
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="fr"><entry><title>t</title><summary xml:lang="de">Kurz.'
        '</summary><content xml:lang="en">The whole article, and longer.</content></entry></feed>'
    )

    assert entry_of(body).language == "en"


def test_a_channel_without_its_rss_is_read() -> None:
    feed = parsed("<channel><title>Gazette</title><item><title>Un</title></item></channel>")

    assert (feed.title, [entry.title for entry in feed.entries]) == ("Gazette", ["Un"])


# ── links ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("elements", "link"),
    [
        pytest.param(
            "<link>/1</link>", "https://gazette.example/1", id="a relative link is taken from the feed's link"
        ),
        pytest.param("<guid>https://gazette.example/1</guid>", "https://gazette.example/1", id="a guid that is a URL"),
        pytest.param("<guid>12345</guid>", None, id="a guid that is a number is no link"),
        pytest.param("<guid>tag:gazette.example,2026:1</guid>", None, id="a guid that is a tag is no link"),
        pytest.param('<guid isPermaLink="false">https://gazette.example/1</guid>', None, id="isPermaLink says no"),
        pytest.param(
            "<guid>https://a.example/g</guid><link>https://a.example/l</link>",
            "https://a.example/l",
            id="link over guid",
        ),
        pytest.param("<link>javascript:alert(1)</link>", None, id="javascript is no link"),
        pytest.param("<title>t</title>", None, id="no link at all"),
    ],
)
def test_an_entry_links_to_its_page(elements: str, link: str | None) -> None:
    assert entry_of(rss(f"<item>{elements}</item>")).link == link


def test_a_relative_link_is_taken_from_the_feeds_url_when_the_feed_has_no_link() -> None:
    assert entry_of(rss(item(link="1"), channel="")).link == "https://gazette.example/feeds/1"


# ── dates ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("written", "hour"),
    [
        pytest.param("Sun, 22 Nov 2026 10:00:00 GMT", 10, id="GMT"),
        pytest.param("Sun, 22 Nov 2026 10:00:00 +0300", 7, id="an offset"),
        pytest.param("Sun, 22 Nov 2026 10:00:00 EST", 15, id="a zone of RFC 822"),
        pytest.param("Sun, 22 Nov 2026 10:00:00 CET", 9, id="Central Europe, winter"),
        pytest.param("Sun, 22 Nov 2026 10:00:00 CEST", 8, id="Central Europe, summer"),
        pytest.param("Sun, 22 Nov 2026 10:00:00 EET", 8, id="Kyiv, winter"),
        pytest.param("Sun, 22 Nov 2026 10:00:00 EEST", 7, id="Kyiv, summer"),
        pytest.param("Sun, 22 Nov 2026 10:00 MSK", 7, id="Moscow, without seconds"),
        pytest.param("Sun, 22 Nov 2026 10:00:00 BST", 9, id="British summer"),
        pytest.param("2026-11-22T10:00:00+02:00", 8, id="ISO 8601"),
    ],
)
def test_a_date_is_read_in_its_zone(written: str, hour: int) -> None:
    assert entry_of(rss(item(pubDate=written))).published == datetime(2026, 11, 22, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        "2026-13-45T99:99:99Z",
        "0000-00-00",
        "Mon, 01 Jan 0000 00:00:00 GMT",
        "10000-01-01",
        "hier",
        "Sat, 1 Jan 1 0:0:0 +99:99",
        "9" * 5000,
    ],
)
def test_a_date_out_of_this_world_never_raises(written: str) -> None:
    published = entry_of(rss(item(pubDate=written))).published

    assert published is None or published.tzinfo is UTC


# ── hints ────────────────────────────────────────────────────────────────────────────────────────────────────────────

SYNDICATION = 'xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"'


@pytest.mark.parametrize(
    ("ttl", "minutes"),
    [
        ("60", 60), (" 60 ", 60), ("525600", 525_600), ("525601", None), ("0", None), ("-5", None), ("PT1H", None),
        ("1.5", None), ("60 minutes", None), ("٦٠", None), ("", None), ("9" * 5_000, None),
    ],
)  # fmt: skip
def test_a_feed_may_ask_to_be_left_alone_for_some_minutes(ttl: str, minutes: int | None) -> None:
    feed = parsed(rss(item(title="t"), channel=f"<ttl>{ttl}</ttl>"))

    assert feed.ttl == (minutes and timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("elements", "period"),
    [
        pytest.param("<sy:updatePeriod>hourly</sy:updatePeriod>", timedelta(hours=1), id="once when not said"),
        pytest.param(
            "<sy:updatePeriod>\n Daily </sy:updatePeriod><sy:updateFrequency>\n4</sy:updateFrequency>",
            timedelta(hours=6),
            id="four times a day, sloppily",
        ),
        pytest.param("<sy:updatePeriod>weekly</sy:updatePeriod>", timedelta(days=7), id="weekly"),
        pytest.param("<sy:updatePeriod>monthly</sy:updatePeriod>", timedelta(days=30), id="monthly"),
        pytest.param("<sy:updatePeriod>yearly</sy:updatePeriod>", timedelta(days=365), id="yearly"),
        pytest.param("<sy:updateFrequency>2</sy:updateFrequency>", None, id="twice in what"),
        pytest.param("<sy:updatePeriod>often</sy:updatePeriod>", None, id="no such period"),
        *(
            pytest.param(
                f"<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>{times}</sy:updateFrequency>",
                None,
                id=f"{times[:9]} times",
            )
            for times in ("0", "-1", "1.5", "often", "9" * 5_000)
        ),
    ],
)
def test_a_feed_may_say_how_often_it_is_updated(elements: str, period: timedelta | None) -> None:
    feed = parsed(rss(item(title="t"), channel=elements, root=SYNDICATION))

    assert feed.period == period


def test_a_feed_that_gives_no_hints_has_none() -> None:
    feed = parsed(rss(item(title="t")))

    assert (feed.ttl, feed.period) == (None, None)


# ── what is no feed ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("body", "says"),
    [
        pytest.param(b"", "empty body", id="nothing"),
        pytest.param(b" \r\n\xef\xbb\xbf", "empty body", id="blanks"),
        pytest.param(
            b"<!DOCTYPE html><html><head><title>Sign in &amp; go</title>", "titled 'Sign in & go'", id="a login page"
        ),
        pytest.param(b"<div>Just a moment</div>", "<div>", id="a piece of HTML"),
        pytest.param(b"Service unavailable", "plain text beginning 'Service unavailable'", id="plain text"),
        pytest.param(b"<opml version='1.0'><body/></opml>", "OPML", id="a feed list"),
        pytest.param(b"<urlset></urlset>", "without any news", id="a sitemap"),
        pytest.param(b'{"error": "no such page"}', "no JSON Feed", id="another JSON document"),
        pytest.param(b"{not json", "cannot be read", id="almost JSON"),
        pytest.param(b"[" * 100_000, "", id="brackets without end"),
        pytest.param(b"\x00\x01\x02\xff" * 100, "", id="bytes of no kind"),
    ],
)
def test_what_is_no_feed_is_named(body: bytes, says: str) -> None:
    answer = refused(body)

    assert answer.kind is Outcome.NOT_A_FEED
    assert says in answer.detail
    assert "\n" not in answer.detail
    assert len(answer.detail) < 400


def test_a_body_that_is_a_path_is_not_opened(tmp_path: Path) -> None:
    feed = tmp_path / "feed.xml"
    feed.write_text(rss(item(title="secret")))

    assert "plain text" in refused(str(feed)).detail


def test_a_feed_behind_a_server_message_is_found() -> None:
    feed = parsed("<br />\n<b>Warning</b>: mysql gone<br />\n" + rss(item(title="Un")))

    assert [entry.title for entry in feed.entries] == ["Un"]
    assert any("before the root element" in problem for problem in feed.problems)


# ── cut off ──────────────────────────────────────────────────────────────────────────────────────────────────────────


WHOLE = rss(item(title="Un", guid="1") + item(title="Deux", guid="2") + item(title="Trois", guid="3"))


@pytest.mark.parametrize(
    ("body", "titles"),
    [
        pytest.param(WHOLE[: WHOLE.index("Trois") + 2], ["Un", "Deux"], id="inside the last title"),
        pytest.param(WHOLE[: WHOLE.index("<guid>3") - 4], ["Un", "Deux"], id="inside a tag"),
        pytest.param(
            WHOLE[: WHOLE.index("</channel>")], ["Un", "Deux", "Trois"], id="after the last entry, which is complete"
        ),
        pytest.param(WHOLE[: WHOLE.index("</title><guid>1")], [], id="inside the first entry"),
        pytest.param((CORPUS / "rdf-rss10.xml").read_text().partition("<title>Deux")[0], ["Un"], id="RDF"),
        pytest.param(
            (CORPUS / "atom-xml-base.xml").read_text().partition("Elsewhere")[0],
            ["L&#8217;OTAN <em>renforce</em> ses défenses"],
            id="Atom",
        ),
        pytest.param((CORPUS / "feed-11.json").read_text().partition('"external_url"')[0], ["L’OTAN"], id="JSON"),
    ],
)
def test_a_feed_that_is_cut_off_keeps_its_complete_entries(body: str, titles: list[str]) -> None:
    feed = parsed(body)

    assert feed.truncated
    assert [entry.title for entry in feed.entries] == titles


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(WHOLE, id="a whole feed"),
        pytest.param(WHOLE + "\n<!-- generated in 0.2 s -->\n", id="a comment after the end"),
        pytest.param(WHOLE + "<!-- " + "x" * 100_000 + " -->", id="a long comment after the end"),
        pytest.param(WHOLE.replace("</rss>", ""), id="the root's end tag forgotten, the channel's there"),
        pytest.param(WHOLE.replace("rss", "RSS"), id="in capitals"),
    ],
)
def test_a_whole_feed_is_not_taken_for_cut_off(body: str) -> None:
    feed = parsed(body)

    assert feed.truncated is None
    assert len(feed.entries) == 3


# ── encodings ────────────────────────────────────────────────────────────────────────────────────────────────────────

RUSSIAN = "Министры обороны встретились в Брюсселе"


@pytest.mark.parametrize(
    ("charset", "declared", "content_type"),
    [
        pytest.param("utf-8", "utf-8", None, id="as declared"),
        pytest.param("utf-8", "windows-1251", "text/xml; charset=iso-8859-1", id="UTF-8, whatever is declared"),
        pytest.param("utf-8-sig", "utf-16", None, id="a byte order mark against the declaration"),
        pytest.param("utf-16", "utf-16", None, id="UTF-16"),
        pytest.param("utf-16-le", "utf-16", None, id="UTF-16 without a mark"),
        pytest.param("cp1251", "windows-1251", "text/xml", id="the declaration, when the header is silent"),
        pytest.param("cp1251", "utf-8", "text/xml; charset=Windows-1251", id="the header over the declaration"),
        pytest.param("koi8-r", "KOI8-R", None, id="KOI8-R"),
        pytest.param(
            "cp1251", "windows-1251", "text/xml; charset=unicode_escape", id="a codec that is no charset is ignored"
        ),
        pytest.param("cp1251", "windows-1251", "text/xml; charset=undefined", id="a codec that only raises is ignored"),
        pytest.param("cp1251", "windows-1251", "text/xml; charset=a\0b", id="a NUL in the charset is ignored"),
    ],
)
def test_text_is_decoded_as_what_it_is(charset: str, declared: str, content_type: str | None) -> None:
    body = rss(item(title=RUSSIAN), prolog=f'<?xml version="1.0" encoding="{declared}"?>').encode(charset)

    (entry,) = parsed(body, content_type=content_type).entries

    assert entry.title == RUSSIAN


def test_an_undeclared_western_text_is_read_as_windows_1252() -> None:
    assert entry_of(rss(item(title="L’été à Kyiv")).encode("cp1252")).title == "L’été à Kyiv"


def test_one_bad_byte_does_not_garble_a_whole_text() -> None:
    feed = parsed(rss(item(title=RUSSIAN)).encode().replace("обороны".encode(), "оборон".encode() + b"\xff"))

    assert feed.entries[0].title == RUSSIAN.replace("обороны", "оборон\ufffd")
    assert any("not utf-8" in problem for problem in feed.problems)


# ── hostile ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "reference",
    [
        "&#xD800;",
        "&#x110000;",
        "&#0;",
        "&#x" + "9" * 5000 + ";",
        "&#" + "9" * 5000 + ";",
        "&#xD800",
        "\x00",
        "\x0b",
        "\ud800",
    ],
)
def test_a_character_that_is_none_costs_only_itself(reference: str) -> None:
    body = rss(item(title=f"Un {reference} deux") + item(title="Trois")).encode("utf-8", "surrogatepass")

    feed = parsed(body)

    assert [entry.title.replace("\ufffd", "").split() for entry in feed.entries] == [["Un", "deux"], ["Trois"]]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(
            f'<!DOCTYPE r [<!ENTITY a "{"x" * 50_000}">]>' + rss(item(title="&a;" * 40_000)), id="entity blow-up"
        ),
        pytest.param(
            f'<!-- > --><!DOCTYPE r [<!ENTITY a "{"x" * 50_000}">]>' + rss(item(title="&a;" * 40_000)),
            id="behind a comment",
        ),
        pytest.param("\n" * 60_000 + rss(item(title="t")), id="newlines before the root"),
        pytest.param('<?xml version="1.0"?>' + "\n" * 60_000 + rss(item(title="t")), id="newlines in the prolog"),
        pytest.param("<!DOCTYPE r [" + "\n<!ENTITY" * 7_000 + "]>" + rss(item(title="t")), id="entity declarations"),
        pytest.param("<!--" * 16_000 + rss(item(title="t")), id="comments that never end"),
        pytest.param(rss(item(author="a" * 300_000)), id="an author without end"),
        pytest.param(rss(item(author=f"<![CDATA[{'a' * 300_000}]]>")), id="a quoted author without end"),
        pytest.param("\n<!ENTITY" * 50_000 + rss(item(title="t")), id="a prolog without end"),
        pytest.param(rss(item(description='&lt;p style="' + "a" * 300_000)), id="a style without end"),
    ],
)
def test_a_document_made_to_take_forever_does_not(body: str) -> None:
    def read() -> None:
        feed = parse(body.encode(), url=URL, content_type=None)
        assert isinstance(feed, NotAFeed) or len(feed.entries[0].title) <= 1024

    must_end(read, cpu_seconds=5)


def test_entities_of_the_document_are_not_expanded() -> None:
    body = rss(item(title="a&x;b"), prolog='<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>')

    feed = parsed(body)

    assert "root:" not in feed.entries[0].title
    assert any("entities" in problem for problem in feed.problems)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(rss("".join(item(guid=str(number)) for number in range(2_500))), id="RSS"),
        pytest.param(
            json.dumps(
                {"version": "https://jsonfeed.org/version/1", "items": [{"id": number} for number in range(2_500)]}
            ),
            id="JSON",
        ),
    ],
)
def test_more_entries_than_the_limit_are_left_out_loudly(body: str) -> None:
    feed = parsed(body)

    assert len(feed.entries) == 2_000
    assert feed.entries[0].guid == "0"
    assert feed.truncated is None
    assert any("2500" in problem and "2000" in problem for problem in feed.problems)


def test_every_field_is_bounded_and_cuts_are_said() -> None:
    body = rss(
        item(
            title="т" * 50_000,
            link="https://gazette.example/" + "x" * 1_000_000,
            guid="g" * 100_000,
            description="п" * 1_000_000,
            category="c" * 10_000,
        )
        + "<item>"
        + "".join(f"<category>c{number}</category>" for number in range(10_000))
        + "</item>"
    )

    feed = parsed(body)

    first, second = feed.entries
    assert len(first.title.encode()) <= 1_024
    assert first.link is None
    assert first.guid is not None
    assert len(first.guid.encode()) <= 2_048
    assert len(first.body.encode()) <= 1_048_576
    assert all(len(category.encode()) <= 256 for category in first.categories)
    assert len(second.categories) == 64
    assert first.title.endswith("т…")
    assert first.categories[0].endswith("c…")
    assert set(feed.problems) == {
        "title cut to its allowed length in 1 entries",
        "a link of more than 2,048 characters left out in 1 entries",
        "guid cut to its allowed length in 1 entries",
        "text cut to its allowed length in 1 entries",
        "category cut to its allowed length in 1 entries",
        "category beyond number 64 left out in 1 entries",
    }


HIDDEN = "\x00\x07\x1b\x7f\x85\x9b\u2028\u2029\u202e\u2066\ud800\ufeff"
NEVER = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def assert_harmless(read: ParsedFeed | NotAFeed) -> None:
    """No text that comes out of the boundary can garble a terminal, a mail or a file."""
    if isinstance(read, NotAFeed):
        texts: list[str | None] = [read.detail]
        links: list[str | None] = []
        bodies: list[str] = []
    else:
        texts = [read.title, read.link, read.language, read.format, read.truncated, *read.problems]
        for entry in read.entries:
            texts += [entry.guid, entry.link, entry.title, entry.language, *entry.authors, *entry.categories]
        links = [read.link, *(entry.link for entry in read.entries)]
        bodies = [entry.body for entry in read.entries]
    for text in filter(None, texts):
        text.encode()
        assert not NEVER.search(text), text
        assert "\n" not in text
        assert "\t" not in text
    for body in bodies:
        body.encode()
        assert not NEVER.search(body), body
    for link in filter(None, links):
        assert link.startswith(("http://", "https://"))
        assert len(link) <= 2_048


def documents(text: str) -> Iterator[bytes]:
    """The text in every field of every format."""
    quoted = escape(text, {'"': "&quot;"})
    fields = "".join(
        f"<{name}>{quoted}</{name}>" for name in ("title", "link", "guid", "author", "category", "description")
    )
    yield rss(
        f"<item>{fields}</item>", channel=f"<link>{quoted}</link><language>{quoted}</language><title>{quoted}</title>"
    ).encode("utf-8", "surrogatepass")
    yield (
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{quoted}"><title>{quoted}</title><entry>'
        f'<id>{quoted}</id><title type="html">{quoted}</title><link href="{quoted}"/><author><name>{quoted}</name>'
        f'</author><category term="{quoted}" label="{quoted}"/><content type="text">{quoted}</content></entry></feed>'
    ).encode("utf-8", "surrogatepass")
    fields = "".join(f"<news:{name}>{quoted}</news:{name}>" for name in ("title", "keywords", "publication_date"))
    yield (
        f"<urlset><url><loc>{quoted}</loc><news:news>{fields}<news:publication><news:name>{quoted}</news:name>"
        f"<news:language>{quoted}</news:language></news:publication></news:news></url></urlset>"
    ).encode("utf-8", "surrogatepass")
    yield f"<sitemapindex><sitemap><loc>{quoted}</loc></sitemap></sitemapindex>".encode("utf-8", "surrogatepass")
    yield f"<html><title>{quoted}</title></html>".encode("utf-8", "surrogatepass")
    entry = {"id": text, "url": text, "title": text, "content_html": text, "tags": [text], "author": {"name": text}}
    yield json.dumps(
        {
            "version": "https://jsonfeed.org/version/1.1",
            "title": text,
            "home_page_url": text,
            "language": text,
            "items": [entry, {"content_text": text, "external_url": f"https://a.example/{text}"}],
        }
    ).encode()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"a{HIDDEN}b\r\n\tc", id="hidden characters"),
        pytest.param(f"https://a.example/{HIDDEN}\u200b\u00a0b", id="in a link"),
        pytest.param(f"https://a{HIDDEN}.example/", id="in a host"),
        pytest.param("javascript:alert(1)", id="a script for a link"),
        pytest.param("data:text/html,x", id="data for a link"),
        pytest.param("file:///etc/passwd", id="a file for a link"),
        pytest.param("&#x202e;&#27;&#155;&#x2028;", id="written as references"),
    ],
)
def test_no_field_of_any_format_carries_what_is_hostile(text: str) -> None:
    for body in documents(text):
        assert_harmless(parse(body, url=URL, content_type=f"text/xml; charset=a{text}"))


@settings(derandomize=True, deadline=None, max_examples=150)
@given(st.text(max_size=60) | st.text(HIDDEN + "&#x;<>1a/:\n\t", max_size=60), st.text(max_size=20))
def test_whatever_stands_in_a_field_is_harmless_afterwards(text: str, content_type: str) -> None:
    for body in documents(text):
        assert_harmless(parse(body, url=URL, content_type=content_type))


def test_a_link_with_hidden_characters_leads_where_it_led() -> None:
    body = rss(item(link="https://gazette.example/\u202eotan\u200b", title="t"))

    assert entry_of(body).link == "https://gazette.example/%E2%80%AEotan%E2%80%8B"


def test_a_reference_to_a_control_means_the_character_of_windows_1252() -> None:
    assert entry_of(rss(item(title="L&#146;OTAN &#x96; fin"))).title == "L’OTAN – fin"


def test_two_guids_that_differ_only_after_the_limit_stay_two() -> None:
    feed = parsed(rss(item(guid="g" * 5_000 + "1") + item(guid="g" * 5_000 + "2")))

    assert feed.entries[0].guid != feed.entries[1].guid


def test_hostile_json_values_are_harmless() -> None:
    body = (
        '{"version": "https://jsonfeed.org/version/1", "title": ["x"], "items": [{"id": %s, '
        '"title": "\\ud800\\u0000a", '
        '"tags": {"a": 1}, "authors": "me", "author": {"name": 5}, "date_published": NaN, "url": 1e999}]}'
        % ("9" * 5_000)
    )

    entry = entry_of(body)

    assert entry.title == "a"
    assert entry.guid is not None
    assert (entry.link, entry.authors, entry.categories, entry.published) == (None, (), (), None)


def test_running_out_of_memory_is_the_processs_affair() -> None:
    class Heavy(bytes):
        def startswith(self, *_: object) -> bool:
            raise MemoryError

    with pytest.raises(MemoryError):
        parse(Heavy(WHOLE.encode()), url=URL, content_type=None)


@settings(derandomize=True, deadline=None)
@given(st.binary(max_size=200), st.integers(0, len(WHOLE)), st.one_of(st.none(), st.text(max_size=20)))
def test_no_bytes_make_it_raise(noise: bytes, position: int, content_type: str | None) -> None:
    whole = WHOLE.encode()

    for body in (noise, whole[:position] + noise + whole[position:], b"{" + noise, b"\x1f\x8b" + noise):
        assert_harmless(parse(body, url=URL, content_type=content_type))
