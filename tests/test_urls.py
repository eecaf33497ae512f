"""Links: made absolute, and brought to a form that says when two of them are the same article."""

from __future__ import annotations

import pickle
from random import Random
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from w3lib.url import canonicalize_url

from monitor.urls import (
    DEFAULT,
    MAX_LINK,
    MEANINGFUL,
    ParameterRules,
    canon,
    link_key,
    resolve,
    without_secrets,
)

FEED = "https://gazette.example/feeds/rss.xml"


@pytest.mark.parametrize(
    ("link", "bases", "expected"),
    [
        pytest.param("https://a.example/x?y=1#z", (), "https://a.example/x?y=1#z", id="an absolute link is kept"),
        pytest.param("HTTP://a.example/X", (), "http://a.example/X", id="only the scheme's case is changed"),
        pytest.param("/2026/otan", (FEED,), "https://gazette.example/2026/otan", id="a path is taken from the base"),
        pytest.param("otan", (FEED,), "https://gazette.example/feeds/otan", id="a bare name lies beside the base"),
        pytest.param("?p=7", (FEED,), "https://gazette.example/feeds/rss.xml?p=7", id="a query is added to the base"),
        pytest.param(
            "#item-1",
            (f"{FEED}?token=secret",),
            f"{FEED}#item-1",
            id="a base's own query, which may hold a token, is not handed on",
        ),
        pytest.param("//cdn.example/x", (FEED,), "https://cdn.example/x", id="a network path takes the base's scheme"),
        pytest.param(
            "x", (None, "", "/rel/", FEED), "https://gazette.example/feeds/x", id="the first absolute base counts"
        ),
        pytest.param("x", ("/rel/", None), None, id="relative without an absolute base leads nowhere"),
        pytest.param("https://a.example/a b", (), "https://a.example/a%20b", id="a space is encoded"),
        pytest.param("https://a.example/\n   long", (), "https://a.example/long", id="a folded link is joined again"),
        pytest.param("javascript:alert(1)", (FEED,), None, id="javascript is no link"),
        pytest.param("data:text/html,x", (FEED,), None, id="data is no link"),
        pytest.param("tag:a.example,2026:1", (FEED,), None, id="a tag URI is no link"),
        pytest.param("mailto:a@b.example", (FEED,), None, id="a mail address is no link"),
        pytest.param("file:///etc/passwd", (FEED,), None, id="a file is no link"),
        pytest.param("https:///x", (FEED,), None, id="a link needs a host"),
        pytest.param("https://[broken/x", (FEED,), None, id="an unclosed bracket is junk"),
        pytest.param("https://a.example:port/x", (FEED,), None, id="a port is a number"),
        pytest.param("https://a.example\\@evil.example/", (FEED,), None, id="a backslash is refused"),
        pytest.param("https://a.example/\x00", (FEED,), None, id="a NUL is refused"),
        pytest.param("https://a.example/\ud800", (FEED,), None, id="a lone surrogate is refused"),
        pytest.param("https://a.example/" + "x" * 2048, (FEED,), None, id="over 2 KiB is refused"),
        pytest.param("", (FEED,), None, id="empty is none"),
        pytest.param(None, (FEED,), None, id="none is none"),
    ],
)
def test_a_link_is_absolute_http_or_none(link: str | None, bases: tuple[str | None, ...], expected: str | None) -> None:
    assert resolve(link, *bases) == expected


@pytest.mark.parametrize(
    "variant",
    [
        pytest.param("http://gazette.example/2026/otan?id=7", id="http"),
        pytest.param("https://www.gazette.example/2026/otan?id=7", id="www"),
        pytest.param("https://GAZETTE.example/2026/otan?id=7", id="host in capitals"),
        pytest.param("https://gazette.example:443/2026/otan?id=7", id="default port"),
        pytest.param("https://gazette.example/2026/otan/?id=7", id="slash at the end"),
        pytest.param("https://gazette.example/2026/otan?id=7#comments", id="fragment"),
        pytest.param("https://gazette.example/2026/otan?utm_source=rss&id=7&utm_medium=feed", id="utm"),
        pytest.param("https://gazette.example/2026/otan?id=7&at_medium=RSS&at_campaign=x", id="at internet"),
        pytest.param("https://gazette.example/2026/otan?id=7&xtor=RSS-3208", id="xtor of French publishers"),
        pytest.param("https://gazette.example/2026/otan?maca=fr-rss&id=7", id="maca of dw.com"),
        pytest.param("https://gazette.example/2026/otan?ns_mchannel=rss&id=7&CMP=share", id="bbc and guardian"),
        pytest.param("https://gazette.example/2026/otan?id=7&fbclid=AbC&gclid=1", id="click ids"),
        pytest.param("https://gazette.example/2026/otan?partner=rss&emc=rss&id=7", id="nytimes"),
        pytest.param("https://gazette.example/2026/otan;jsessionid=8F?id=7", id="session in the path"),
        pytest.param("https://reader@gazette.example/2026/otan?id=7", id="user name"),
    ],
)
def test_the_same_article_has_one_key(variant: str) -> None:
    assert link_key(variant) == "gazette.example/2026/otan?id=7"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("https://a.example/x", "https://a.example/X", id="path case"),
        pytest.param("https://a.example/?p=1", "https://a.example/?p=2", id="p"),
        pytest.param("https://a.example/x?id=1", "https://a.example/x?id=2", id="id"),
        pytest.param("https://a.example/x?article=1", "https://a.example/x?article=2", id="article"),
        pytest.param("https://a.example/x?ref=1", "https://a.example/x?ref=2", id="ref"),
        pytest.param("https://a.example/x?source=1", "https://a.example/x?source=2", id="source"),
        pytest.param("https://a.example/x?partner=1", "https://a.example/x?partner=2", id="a partner that is not rss"),
        pytest.param("https://a.example/x", "https://b.example/x", id="host"),
        pytest.param("https://a.example:8080/x", "https://a.example/x", id="port of its own"),
        pytest.param("https://a.example/#!/one", "https://a.example/#!/two", id="hash-bang pages"),
        pytest.param("https://a.example/x?v=", "https://a.example/x", id="an empty parameter"),
    ],
)
def test_a_difference_that_may_matter_keeps_keys_apart(one: str, other: str) -> None:
    assert link_key(one) is not None
    assert link_key(one) != link_key(other)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("https://gazette.example", id="home page"),
        pytest.param("https://www.gazette.example/", id="home page with slash"),
        pytest.param("https://gazette.example/?utm_source=rss#top", id="home page with tracking"),
        pytest.param("mailto:desk@example.org", id="no web page"),
        pytest.param("https://[::1/x", id="junk"),
        pytest.param("https://./x", id="a host of nothing"),
        pytest.param(None, id="no link"),
    ],
)
def test_what_identifies_nothing_has_no_key(url: str | None) -> None:
    assert link_key(url) is None


def test_an_international_host_is_known_in_both_spellings() -> None:
    assert link_key("https://новини.example/стаття") == link_key(
        "https://xn--b1amarcd.example/%D1%81%D1%82%D0%B0%D1%82%D1%82%D1%8F"
    )


urls = st.builds(
    "{}://{}{}{}{}".format,
    st.sampled_from(["http", "https", "HTTPS"]),
    st.sampled_from(["a.example", "www.a.example", "www.www.a.example", "A.example:80", "[::1]:8080", "u:p@a.example"]),
    st.text(st.sampled_from("/ab.%2Fé;= +~й1"), max_size=12).map(lambda path: "/" + path if path else ""),
    st.text(st.sampled_from("ab=&%2Fé+ ;?utm_"), max_size=16).map(lambda query: "?" + query if query else ""),
    st.sampled_from(["", "#x", "#!x", "#!", "#%21x"]),
)


@settings(derandomize=True, deadline=None)
@given(urls)
def test_the_key_of_a_key_is_the_key(url: str) -> None:
    key = link_key(url)

    assert key is None or link_key("https://" + key) == key


@settings(derandomize=True, deadline=None)
@given(st.text(max_size=40), st.text(max_size=40))
def test_no_link_makes_it_raise(link: str, base: str) -> None:
    resolve(link, base, "https://a.example/")
    link_key(link)
    link_key("https://" + link)


@settings(derandomize=True, deadline=None, max_examples=500)
@given(
    st.sampled_from(
        ["a.example", "www.a.example", "a-b.co.uk", "xn--e1afmkfd.example", "1.2.example", "a" * 63 + ".de"]
    ),
    st.text(st.sampled_from("/ab.-_~,;+%2F:@!é"), max_size=12),
    st.sampled_from(["", "#x", "#!x", "#%21x"]),
)
def test_links_that_w3lib_takes_for_one_have_one_key(host: str, path: str, fragment: str) -> None:
    url = f"https://{host}/{path}{fragment}"

    assert link_key(url) == link_key(canonicalize_url(url, keep_fragments=True))


@settings(derandomize=True, deadline=None)
@given(st.sampled_from(sorted(MEANINGFUL)), st.text("abc012%&é", max_size=6), st.text("abc012%é", max_size=6))
def test_parameters_that_choose_the_article_are_never_merged(name: str, one: str, other: str) -> None:
    keys = {
        link_key(f"https://a.example/x?{name}={value.replace('%', '%25').replace('&', '%26')}")
        for value in (one, other)
    }

    assert len(keys) == len({one, other})


articles = st.builds(
    "{}/{}?{}={}".format,
    st.sampled_from(["gazette.example", "blog.gazette.example", "nytimes.com", "a.co.uk"]),
    st.sampled_from(["2026/otan-1", "story", "index.php", "2026/otan.html", "otan/amp-2", "м-1"]),
    st.sampled_from(["id", "p", "story", "article", "page", "ref"]),
    st.text("abc012", min_size=1, max_size=4),
)
trackers = st.sampled_from(
    sorted(name.replace("*", "x") for name in DEFAULT.everywhere.drop if "=" not in name)
    + sorted(pair.replace("*", "x") for pair in DEFAULT.everywhere.drop if "=" in pair)
)


@settings(derandomize=True, deadline=None, max_examples=500)
@given(articles, st.lists(trackers, max_size=4), st.randoms(use_true_random=False), st.data())
def test_nothing_that_says_where_a_reader_came_from_makes_a_difference(
    article: str, added: list[str], random: Random, data: st.DataObject
) -> None:
    place, _, query = article.partition("?")
    pairs = [query, *(tracker if "=" in tracker else f"{tracker}=1" for tracker in added)]
    random.shuffle(pairs)
    scheme = data.draw(st.sampled_from(["http", "https", "HTTPS"]))
    www = data.draw(st.sampled_from(["", "www.", "m.", "amp.", "WWW.", "mobile."]))
    fragment = data.draw(st.sampled_from(["", "#top", "#xtor=RSS-1", "#/3"]))

    assert (
        link_key(f"{scheme}://{www}{place}?{'&'.join(pairs)}{fragment}") == link_key(f"https://{article}") is not None
    )


@settings(derandomize=True, deadline=None)
@given(st.permutations(["id=1", "b=2", "a=3", "page=4", "c="]))
def test_the_order_of_parameters_makes_no_difference(pairs: list[str]) -> None:
    assert link_key(f"https://a.example/x?{'&'.join(pairs)}") == "a.example/x?a=3&b=2&c=&id=1&page=4"


def test_no_tracker_of_all_sites_chooses_the_article_on_one() -> None:
    names = {pattern for pattern in DEFAULT.everywhere.drop if "=" not in pattern}
    beginnings = tuple(pattern[:-1] for pattern in names if pattern.endswith("*"))

    assert names & MEANINGFUL == set()
    assert [name for name in MEANINGFUL if name.startswith(beginnings)] == []


# ── our own table, and others on top ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("query", "left"),
    [
        pytest.param("campaign=1&id=2", "?id=2", id="a name is dropped"),
        pytest.param("Campaign=1&id=2", "?id=2", id="in capitals too"),
        pytest.param("xyz_a=1&xyz=2", "?xyz=2", id="what begins so is dropped"),
        pytest.param("origin=mail&origin=desk", "?origin=desk", id="one value is dropped, others are not"),
        pytest.param("utm_id=1&utm_source=2", "?utm_id=1", id="what is kept is never dropped"),
        pytest.param("xyz_keep=1", "?xyz_keep=1", id="to keep wins over to drop"),
        pytest.param("utm_sour%63e=2&id=1", "?id=1", id="a name is known however it is written"),
    ],
)
def test_rules_on_top_of_our_own_say_what_to_drop_and_what_to_keep(query: str, left: str) -> None:
    rules = DEFAULT.extended(drop=["campaign", "xyz_*", "origin=mail"], keep=["utm_id", "xyz_keep"])

    assert link_key(f"https://a.example/x?{query}", rules) == f"a.example/x{left}"


@pytest.mark.parametrize(
    ("host", "left"),
    [
        pytest.param("example.org", "?ref=2", id="the host itself"),
        pytest.param("www.example.org", "?ref=2", id="with www"),
        pytest.param("blog.example.org", "?ref=2", id="a host under it"),
        pytest.param("example.com", "?src=1", id="another host"),
        pytest.param("notexample.org", "?src=1", id="a host that only ends so"),
    ],
)
def test_what_is_said_of_a_host_wins_there_alone(host: str, left: str) -> None:
    rules = DEFAULT.extended(
        drop=["ref"],
        hosts={"example.org": ParameterRules(drop=frozenset({"src"}), keep=frozenset({"ref"}))},
    )

    key = link_key(f"https://{host}/x?src=1&ref=2", rules)

    assert key is not None
    assert key.endswith(f"/x{left}")


def test_a_parameter_that_is_kept_is_kept_where_our_own_table_drops_it_for_a_site() -> None:
    nytimes = "https://www.nytimes.com/2026/otan.html?smid=1"

    assert link_key(nytimes) == "nytimes.com/2026/otan.html"
    assert link_key(nytimes, DEFAULT.extended(keep=["smid"])) == "nytimes.com/2026/otan.html?smid=1"


def test_rules_that_say_the_same_have_one_digest_and_others_another() -> None:
    some = [
        DEFAULT,
        DEFAULT.extended(drop=["a"]),
        DEFAULT.extended(keep=["a"]),
        DEFAULT.extended(hosts={"a.example": ParameterRules(drop=frozenset({"a"}))}),
        DEFAULT.extended(hosts={"a.example": ParameterRules(keep=frozenset({"a"}))}),
        DEFAULT.extended(hosts={"b.example": ParameterRules(drop=frozenset({"a"}))}),
    ]

    assert len({canon(rules) for rules in some}) == len(some)
    assert canon(DEFAULT.extended(drop=["a", "b"])) == canon(DEFAULT.extended(drop=["b", "a"]))
    assert pickle.loads(pickle.dumps(some[1])) == some[1], "worker processes get them so"


# ── redirections ─────────────────────────────────────────────────────────────────────────────────────────────────────


def wrapped(times: int) -> str:
    link = "https://gazette.example/2026/otan"
    for _ in range(times):
        link = "https://www.google.com/url?q=" + quote(link, safe="")
    return link


def test_three_redirections_one_in_the_other_are_followed_and_four_are_not() -> None:
    assert [link_key(wrapped(times)) for times in range(4)] == ["gazette.example/2026/otan"] * 4
    assert str(link_key(wrapped(4))).startswith("google.com/url?q=")
    assert link_key(f"https://{link_key(wrapped(4))}") == link_key(wrapped(4))


@settings(derandomize=True, deadline=None, max_examples=500)
@given(
    st.sampled_from(
        [
            "https://www.google.com/url?q=",
            "https://l.facebook.com/l.php?u=",
            "https://web.archive.org/web/2024/",
            "https://href.li/?",
            "https://cdn.ampproject.org/c/s/",
            "https://news.google.com/rss/articles/CBMi",
            "http://rss.feedsportal.com/c/1/f/2/l/0L",
            "https://r.search.yahoo.com/RU=",
            "http://us.rd.yahoo.com/x/*",
            "https://feedproxy.google.com/~r/",
        ]
    ),
    st.one_of(st.text(max_size=40), st.text(st.sampled_from("http:/%3A2F.0ABLS_-=&?~x"), max_size=60), urls),
)
def test_a_redirection_to_anything_is_followed_or_left(wrapper: str, target: str) -> None:
    key = link_key(wrapper + target)

    assert key is None or link_key(f"https://{key}") == key


@settings(derandomize=True, deadline=None)
@given(st.sampled_from(["//www.", "/amp/a", "/index.html", "&amp;", "&utm_x=1", "http://", "/l/0L", "%", "(S("]))
def test_a_link_as_long_as_a_link_can_be_has_a_key_or_none(part: str) -> None:
    link_key(("https://a.example/" + part * MAX_LINK)[:MAX_LINK])
    link_key(("https://rss.feedsportal.com/c/" + part * MAX_LINK)[:MAX_LINK])
    link_key(("https://feeds.feedburner.com/~r/" + part * MAX_LINK)[:MAX_LINK])


@pytest.mark.parametrize(
    ("url", "without"),
    [
        ("https://desk:secret@g.example/rss", "https://g.example/rss"),
        ("https://g.example/rss?token=a", "https://g.example/rss"),
        ("https://g.example/rss?token=a&page=2&key=b#top", "https://g.example/rss?page=2#top"),
        ("https://g.example/rss?page=2;auth=b", "https://g.example/rss?page=2"),
        ("https://medium.com/feed/@writer?", "https://medium.com/feed/@writer?"),
    ],
)
def test_a_url_is_left_without_its_secrets(url: str, without: str) -> None:
    assert without_secrets(url) == without
