"""A page's feeds: what announces them, what looks like one, and in which order they are worth asking."""

from __future__ import annotations

import pytest

from monitor.discover import MAX_CANDIDATES, Where, candidates, well_known
from monitor.workers import Brief, Workers

PAGE = "https://gazette.example/news/index.html"


def found(markup: str, *, url: str = PAGE) -> list[tuple[Where, str]]:
    """Where each candidate of a page was found, and its address."""
    page = f"<!doctype html><html><body>{markup}</body></html>".encode()
    return [(each.where, each.url) for each in candidates(page, url=url, content_type="text/html")]


def link(href: str, type: str = "application/rss+xml", rel: str = "alternate", title: str = "") -> str:
    """A link element."""
    return f'<link rel="{rel}" type="{type}" title="{title}" href="{href}">'


@pytest.mark.parametrize(
    "markup",
    [
        pytest.param(link("https://gazette.example/f"), id="RSS"),
        pytest.param(link("https://gazette.example/f", "application/atom+xml"), id="Atom"),
        pytest.param(link("https://gazette.example/f", "application/feed+json"), id="JSON Feed"),
        pytest.param(link("https://gazette.example/f", "application/rdf+xml"), id="RDF"),
        pytest.param(
            link("https://gazette.example/f", "Application/RSS+XML; charset=utf-8"), id="capitals, parameters"
        ),
        pytest.param(link("https://gazette.example/f", "", "feed"), id="the relation feed"),
        pytest.param(link("https://gazette.example/f", rel="home ALTERNATE"), id="several relations"),
        pytest.param(link("/f"), id="relative to the host"),
        pytest.param(link("../f"), id="relative to the page"),
        pytest.param(link("//gazette.example/f"), id="relative to the scheme"),
        pytest.param('<base href="/">' + link("f"), id="relative to the base"),
        pytest.param(link("feed://gazette.example/f").replace("feed:", "feed:https:"), id="feed:https:"),
        pytest.param(link("https://gazette.example/f#top"), id="with a fragment"),
        pytest.param(link("/f") + link("/f") + '<a href="/f">RSS</a>', id="three times"),
    ],
)
def test_an_announced_feed_is_found(markup: str) -> None:
    assert found(markup) == [(Where.ANNOUNCED, "https://gazette.example/f")]


@pytest.mark.parametrize(
    "markup",
    [
        pytest.param('<a href="/f/rss">Abo</a>', id="rss"),
        pytest.param('<a href="/f/feed/">Abo</a>', id="feed"),
        pytest.param('<a href="/f.atom">Abo</a>', id="an extension"),
        pytest.param('<a href="/rss/sport.xml">Abo</a>', id="XML"),
        pytest.param('<a href="/sport/rss2.0.php">Abo</a>', id="a program"),
        pytest.param('<a href="/?feed=rss2">Abo</a>', id="a query"),
        pytest.param('<a href="/abo/17">RSS</a>', id="its text"),
        pytest.param('<a href="/abo/17" title="Our RSS feed"><img src="i.png"></a>', id="its title"),
        pytest.param('<a href="/abo/17" class="icon rss"></a>', id="its class"),
    ],
)
def test_a_link_that_looks_like_a_feed_is_a_candidate(markup: str) -> None:
    assert [where for where, _ in found(markup)] == [Where.LINKED]


@pytest.mark.parametrize(
    "markup",
    [
        pytest.param("<p>RSS is a format.</p>", id="nothing"),
        pytest.param('<a href="/2026/otan-ukraine.html">OTAN</a>', id="an article"),
        pytest.param('<a href="/feedback">Write to us</a>', id="feedback"),
        pytest.param(link("/style.css", "text/css", "alternate stylesheet"), id="another style"),
        pytest.param(link("/amp", "text/html"), id="another form of the page"),
        pytest.param(link("/wp-json/oembed", "application/json+oembed"), id="oEmbed"),
        pytest.param(link("/wp-json/wp/v2/pages/7", "application/json"), id="WordPress’s own JSON"),
        pytest.param(link("/search.xml", "application/opensearchdescription+xml", "search"), id="OpenSearch"),
        pytest.param(link("javascript:alert(1)"), id="javascript"),
        pytest.param(link("data:text/xml,<rss/>"), id="data"),
        pytest.param(link("https://[gazette/f"), id="no address"),
        pytest.param(link(PAGE), id="the page itself"),
        pytest.param('<a href="/rss.png">RSS</a>', id="a picture"),
    ],
)
def test_what_is_no_feed_is_no_candidate(markup: str) -> None:
    assert found(markup) == []


def test_announced_feeds_come_first_and_comments_last() -> None:
    markup = '<a href="/sport/rss">Sport</a>' + link("/comments/feed/") + link("/all") + link("/x", title="Kommentare")

    assert found(markup) == [
        (Where.ANNOUNCED, "https://gazette.example/all"),
        (Where.LINKED, "https://gazette.example/sport/rss"),
        (Where.COMMENTS, "https://gazette.example/comments/feed/"),
        (Where.COMMENTS, "https://gazette.example/x"),
    ]


def test_a_title_is_one_clean_line_in_the_charset_of_the_page() -> None:
    page = f'<head><meta charset="windows-1251">{link("/f", title="Новая  газета")}</head>'.encode("cp1251")

    (candidate,) = candidates(page, url=PAGE, content_type="text/html")

    assert candidate.title == "Новая газета"


def test_a_page_gives_a_bounded_number() -> None:
    assert len(found("".join(link(f"/feed/{number}") for number in range(500)))) == MAX_CANDIDATES


def test_a_deeply_nested_page_is_no_harder_than_another() -> None:
    assert found("<div>" * 90_000 + "<a href='/rss'>" + "<b>" * 100) == [(Where.LINKED, "https://gazette.example/rss")]


@pytest.mark.parametrize("hidden", ["<!-- {} -->", "<script>var page = '{}'</script>", "<template>{}</template>"])
def test_what_a_page_does_not_show_is_no_candidate(hidden: str) -> None:
    assert found(hidden.format(link("/f"))) == []


@pytest.mark.parametrize("body", [b"", b"\x00\xff\xfe", b"<" * 1000, b"<a href=", b"{}"])
def test_no_page_raises(body: bytes) -> None:
    assert candidates(body, url=PAGE, content_type=None) == ()


async def test_a_worker_gives_the_same() -> None:
    page = link("/f").encode()
    workers = Workers(0, Brief(languages=(), rules=(), aliases={}))
    await workers.start()

    given = await workers.candidates(page, url=PAGE, content_type=None)

    assert given == candidates(page, url=PAGE, content_type=None)


def test_well_known_addresses_are_few_and_those_under_the_page_come_first() -> None:
    guessed = well_known("https://gazette.example/news/?page=2")

    assert guessed[:3] == (
        "https://gazette.example/news/feed",
        "https://gazette.example/news/rss.xml",
        "https://gazette.example/feed",
    )
    assert len(guessed) == 12
    assert len(set(guessed)) == 12


def test_beside_an_article_no_feed_is_guessed() -> None:
    assert "https://gazette.example/feed" in well_known("https://gazette.example/2026/11/22/otan")[:1]
