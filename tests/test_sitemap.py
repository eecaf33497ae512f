"""News sitemaps, as publishers write them and as they get them wrong, read like any feed."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta

import pytest

from monitor.model import NotAFeed, Outcome, ParsedEntry, ParsedFeed
from monitor.parse import parse
from monitor.w3cdate import w3c_date

URL = "https://gazette.example/sitemaps/news.xml"
NAMESPACES = (
    'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'
)


def page(
    number: int = 1,
    *,
    title: str | None = None,
    date: str = "2026-11-22T10:00:00+01:00",
    name: str = "La Gazette",
    language: str = "fr",
    more: str = "",
) -> str:
    return (
        f"<url><loc>https://gazette.example/{number}</loc><news:news><news:publication><news:name>{name}</news:name>"
        f"<news:language>{language}</news:language></news:publication>"
        f"<news:publication_date>{date}</news:publication_date>"
        f"<news:title>{title or f'Titre {number}'}</news:title>{more}</news:news></url>"
    )


def sitemap(*pages: str, root: str = NAMESPACES) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<urlset {root}>\n{"".join(pages)}\n</urlset>\n'


def parsed(body: str | bytes) -> ParsedFeed:
    feed = parse(body.encode() if isinstance(body, str) else body, url=URL, content_type="application/xml")
    assert isinstance(feed, ParsedFeed), feed
    return feed


def refused(body: str | bytes) -> NotAFeed:
    feed = parse(body.encode() if isinstance(body, str) else body, url=URL, content_type=None)
    assert isinstance(feed, NotAFeed), feed
    return feed


def titles(body: str | bytes) -> list[str]:
    return [entry.title for entry in parsed(body).entries]


def test_a_news_sitemap_is_a_feed() -> None:
    body = sitemap(
        "<url><loc> https://gazette.example/otan </loc><lastmod>2026-11-22T10:30:00Z</lastmod>"
        "<image:image xmlns:image='x'><image:loc>https://gazette.example/i.jpg</image:loc>"
        "<image:title>Une photo</image:title></image:image>"
        "<news:news><news:publication><news:name>La Gazette</news:name><news:language>zh-cn</news:language>"
        "</news:publication><news:genres>Blog, Opinion</news:genres>"
        "<news:publication_date>2026-11-22T10:00+01:00</news:publication_date>"
        "<news:title>L’OTAN &amp; l’Ukraine</news:title><news:keywords>OTAN, Ukraine ,Bruxelles</news:keywords>"
        "</news:news></url>"
    )

    feed = parsed(body)

    assert (feed.title, feed.language, feed.format) == ("La Gazette", "zh-CN", "news-sitemap")
    assert (feed.truncated, feed.problems) == (None, ())
    assert feed.entries == (
        ParsedEntry(
            guid="https://gazette.example/otan",
            link="https://gazette.example/otan",
            title="L’OTAN & l’Ukraine",
            body="",
            categories=("OTAN", "Ukraine", "Bruxelles", "Blog", "Opinion"),
            published=datetime(2026, 11, 22, 9, 0, tzinfo=UTC),
            updated=datetime(2026, 11, 22, 10, 30, tzinfo=UTC),
            language="zh-CN",
        ),
    )


def test_a_sitemap_of_several_publications_has_the_name_of_most_and_no_language() -> None:
    feed = parsed(sitemap(page(1, name="Soir", language="nl"), page(2), page(3)))

    assert (feed.title, feed.language) == ("La Gazette", None)
    assert [entry.language for entry in feed.entries] == ["nl", "fr", "fr"]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(sitemap(page()).replace("news:", "n:"), id="another prefix"),
        pytest.param(sitemap(page()).replace("http://", "https://"), id="https namespaces"),
        pytest.param(sitemap(page(), root=""), id="no namespaces declared"),
        pytest.param(sitemap(page()).replace("news:news", "NEWS:News").replace("url>", "URL>"), id="capitals"),
        pytest.param(sitemap(page(title="<![CDATA[Titre 1]]>")), id="CDATA"),
        pytest.param(sitemap(page(title="&#84;itre 1")), id="a character reference"),
        pytest.param(sitemap(page(title="Titre&nbsp;1")), id="an entity of HTML"),
        pytest.param('<!DOCTYPE urlset [<!ENTITY x "Titre">]>' + sitemap(page()).partition("?>")[2], id="a DTD"),
        pytest.param("<s:urlset>" + page().replace("url>", "s:url>") + "</s:urlset>", id="a prefixed root"),
        pytest.param("<br />Warning: slow<br />" + sitemap(page()).partition("?>")[2], id="behind a server message"),
        pytest.param(sitemap(page()).encode("utf-16"), id="UTF-16"),
        pytest.param(gzip.compress(sitemap(page()).encode()), id="a gzip file, sent as what it is"),
    ],
)
def test_what_publishers_get_wrong_is_borne(body: str | bytes) -> None:
    assert [title.replace("\u00a0", " ") for title in titles(body)] == ["Titre 1"]


def test_stray_signs_cost_nothing() -> None:
    feed = parsed(sitemap(page(1, title="AT&T: a < b & c &eacute;"), page(2, title="<![CDATA[R&D]]> &x")))

    assert [entry.title for entry in feed.entries] == ["AT&T: a < b & c é", "R&D &x"]
    assert any("not well-formed" in problem for problem in feed.problems)


def test_a_broken_entry_keeps_its_address_and_the_others_their_titles() -> None:
    feed = parsed(sitemap(page(1), page(2, title="Deux <b>gras"), page(3)))

    assert [entry.guid for entry in feed.entries] == [f"https://gazette.example/{number}" for number in (1, 2, 3)]
    assert [entry.title for entry in feed.entries][::2] == ["Titre 1", "Titre 3"]
    assert any("broken" in problem and problem.endswith("1") for problem in feed.problems)


def test_pages_that_are_no_news_any_more_are_passed_over() -> None:
    feed = parsed(sitemap("<url><loc>https://gazette.example/old</loc></url>", page(1)))

    assert [entry.guid for entry in feed.entries] == ["https://gazette.example/1"]
    assert feed.problems == ()


@pytest.mark.parametrize(
    "body", [sitemap(), sitemap("<url><loc>https://gazette.example/old</loc></url>")], ids=["empty", "only old pages"]
)
def test_a_news_sitemap_without_news_is_a_feed_without_entries(body: str) -> None:
    assert parsed(body).entries == ()


def test_a_plain_sitemap_is_no_feed() -> None:
    answer = refused(sitemap("<url><loc>https://gazette.example/</loc></url>" * 3, root=""))

    assert answer.kind is Outcome.NOT_A_FEED
    assert "3 pages without any news" in answer.detail


def test_an_index_says_which_of_its_sitemaps_to_watch() -> None:
    names = ["a", "b", "c", "news-1", "google_news", "javascript:alert(1)", "https://me:secret@gazette.example/news"]
    names.append("news" * 1000)
    sitemaps = "".join(f"<sitemap><loc>{name}</loc></sitemap>" for name in names)

    answer = refused(f'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{sitemaps}</sitemapindex>')

    site = "https://gazette.example/sitemaps"
    assert answer.detail == (
        "an index <sitemapindex> of 8 sitemaps, no feed; "
        f"watch one of these: {site}/news-1, {site}/google_news, {site}/a"
    )


def test_a_sitemap_that_is_cut_off_keeps_its_complete_entries() -> None:
    body = sitemap(page(1), page(2), page(3))

    feed = parsed(body[: body.index("Titre 3")])

    assert feed.truncated
    assert [entry.title for entry in feed.entries] == ["Titre 1", "Titre 2"]


def test_of_too_many_entries_the_newest_are_kept_in_their_order() -> None:
    start = datetime(2026, 11, 1, tzinfo=UTC)
    pages = [page(number, date=(start + timedelta(minutes=number)).isoformat()) for number in range(2_500)]

    feed = parsed(sitemap(page(9_999, date="hier"), *pages))

    assert [entry.title for entry in feed.entries] == [f"Titre {number}" for number in range(500, 2_500)]
    assert any("2501" in problem and "newest 2000" in problem for problem in feed.problems)


# ── files that are gzip themselves ───────────────────────────────────────────────────────────────────────────────────


def test_a_gzip_file_that_is_cut_off_keeps_its_complete_entries() -> None:
    whole = sitemap(*(page(number, title=f"{number * 7919 % 10007}") for number in range(200)))
    packed = gzip.compress(whole.encode())

    feed = parsed(packed[: len(packed) // 2])

    assert feed.truncated == "its gzip data ends before its end mark"
    assert 0 < len(feed.entries) < 200


@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        pytest.param(gzip.compress(b" " * 10_000_001), Outcome.TOO_LARGE, "10,000,000 bytes", id="a bomb"),
        pytest.param(b"\x1f\x8b" + b"x" * 100, Outcome.NOT_A_FEED, "cannot be unpacked", id="no gzip"),
        pytest.param(gzip.compress(gzip.compress(b"x")), Outcome.NOT_A_FEED, "no element", id="twice"),
    ],
)
def test_a_gzip_file_is_bounded(body: bytes, kind: Outcome, says: str) -> None:
    answer = refused(body)

    assert answer.kind is kind
    assert says in answer.detail


# ── dates ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        pytest.param("2026", "2026-01-01T00:00:00", id="a year"),
        pytest.param("2026-11", "2026-11-01T00:00:00", id="a month"),
        pytest.param("2026-11-22", "2026-11-22T00:00:00", id="a day"),
        pytest.param("2026-11-22T10:20Z", "2026-11-22T10:20:00", id="minutes"),
        pytest.param("2026-11-22T10:20:30+02:00", "2026-11-22T08:20:30", id="seconds and an offset"),
        pytest.param("2026-11-22T10:20:30.123456789-05:30", "2026-11-22T15:50:30", id="fractions"),
        pytest.param("2026-11-22t10:20:30z", "2026-11-22T10:20:30", id="small letters"),
        pytest.param(" 2026-11-22 10:20:30 +0100 ", "2026-11-22T09:20:30", id="blanks"),
        pytest.param("2026-11-22T10:20:30", "2026-11-22T10:20:30", id="no zone"),
        pytest.param("2016-12-31T23:59:60Z", "2016-12-31T23:59:59", id="a leap second"),
        pytest.param("2026-11-22T24:00:00Z", "2026-11-23T00:00:00", id="midnight at a day's end"),
        *(
            pytest.param(written, None, id=repr(written)[:30])
            for written in (
                None, "", "hier", "2026-13", "2026-11-31", "0000", "2026-11-22T25:00Z", "0001-01-01T00:00+01:00",
                "9999-12-31T24:00Z", "2026-11-22T10:00+99:00", "٢٠٢٦", "2026" + " " * 99_999 + "x",
            )
        ),
    ],
)  # fmt: skip
def test_a_w3c_date_is_read_at_every_precision(written: str | None, instant: str | None) -> None:
    read = w3c_date(written)

    assert (read and read.isoformat()) == (instant and f"{instant}+00:00")
