"""Lists of feeds: whatever a reader exports is read, what cannot be used is named, what we write we read back."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.config import load
from monitor.language import bcp47
from monitor.opml import FeedList, ListedFeed, NotOpml, read, write
from monitor.text import one_line
from monitor.urls import resolve
from tests.commands import monitor

FEED = "https://gazette.example/rss"


def opml(*outlines: str) -> bytes:
    """An OPML document with these outlines."""
    head = '<?xml version="1.0" encoding="UTF-8"?><opml version="2.0"><head><title>Mine</title></head><body>'
    return (head + "".join(outlines) + "</body></opml>").encode()


def outline(url: str = FEED, *, inside: str | None = None, **attributes: str) -> str:
    """An outline; `inside` makes it a folder with this inside, and then it has no address."""
    given = {**attributes} if inside is not None else {"xmlUrl": url, **attributes}
    written = "".join(f' {name}="{value}"' for name, value in given.items())
    return f"<outline{written}/>" if inside is None else f"<outline{written}>{inside}</outline>"


def listed(body: bytes) -> FeedList:
    """What is read from it, which must be a list."""
    found = read(body)
    assert isinstance(found, FeedList), found
    return found


def only(body: bytes) -> ListedFeed:
    """The one feed of a list."""
    (feed,) = listed(body).feeds
    return feed


# ── what is read ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("written", "address"),
    [
        pytest.param(outline(), FEED, id="xmlUrl"),
        pytest.param(outline().replace("xmlUrl", "xmlurl"), FEED, id="in small letters"),
        pytest.param(outline().replace("xmlUrl", "XMLURL").replace("outline", "OUTLINE"), FEED, id="in capitals"),
        pytest.param(f'<outline type="rss" url="{FEED}"/>', FEED, id="url, with the type of a feed"),
        pytest.param(outline(type="include"), FEED, id="xmlUrl, with the type of a list"),
        pytest.param(outline(type="source"), FEED, id="xmlUrl, with the type listparser takes for a list"),
        pytest.param(outline(f"  {FEED}\n"), FEED, id="spaces around"),
        pytest.param(outline("feed://gazette.example/rss"), "http://gazette.example/rss", id="feed://"),
        pytest.param(outline(f"feed:{FEED}"), FEED, id="feed: before a whole address"),
        pytest.param(outline(f"feed://{FEED}"), FEED, id="feed:// before a whole address"),
        pytest.param(outline("gazette.example/rss"), "http://gazette.example/rss", id="no scheme"),
        pytest.param(outline("https://g.example/a b"), "https://g.example/a%20b", id="a space inside"),
        pytest.param(outline("https://g.example/?a=1&amp;copy=2"), "https://g.example/?a=1&copy=2", id="an ampersand"),
        pytest.param(outline("https://g.example/?a=1&copy=2"), "https://g.example/?a=1&copy=2", id="a bare ampersand"),
        pytest.param(outline("https://g.example/?a&#x26;b"), "https://g.example/?a&b", id="a character reference"),
        pytest.param(f"<outline xmlUrl='{FEED}'></outline>", FEED, id="single quotes, and an end of its own"),
        pytest.param(
            f'<outline description="by <a href="https://a.example" rel="me">A</a>." xmlUrl="{FEED}"/>',
            FEED,
            id="markup with quotation marks in a description",
        ),
        pytest.param(f'<b:outline xmlns:b="http://opml.org/spec2" xmlUrl="{FEED}"/>', FEED, id="a namespace"),
    ],
)
def test_a_feed_is_found_however_its_address_is_written(written: str, address: str) -> None:
    assert only(opml(written)).url == address


@pytest.mark.parametrize(
    ("address", "page", "said"),
    [
        pytest.param("javascript:alert(1)", "", "no web address", id="javascript"),
        pytest.param("/rss.xml", "", "no web address", id="relative"),
        pytest.param("https://", "", "no web address", id="without a host"),
        pytest.param("https://g.example/" + "a" * 2048, "", "no web address", id="too long"),
        pytest.param("", "", "it has no address", id="empty"),
        pytest.param("", "https://gazette.example/", "monitor feeds discover https://gazette.example/", id="a page"),
    ],
)
def test_an_outline_without_a_usable_address_is_named(address: str, page: str, said: str) -> None:
    found = listed(opml(outline(address, text="The Gazette", htmlUrl=page), outline()))

    (unusable,) = found.unusable
    assert unusable.name == "The Gazette"
    assert said in unusable.why
    assert len(found.feeds) == 1


def test_no_password_of_an_address_is_said() -> None:
    (unusable,) = listed(opml(outline("ftp://desk:secret@g.example/rss?token=hidden"))).unusable

    assert "secret" not in unusable.name + unusable.why
    assert "hidden" not in unusable.name + unusable.why


@pytest.mark.parametrize(
    ("written", "tags"),
    [
        pytest.param(outline(inside=outline(), text="Press"), ("Press",), id="a folder"),
        pytest.param(outline(inside=outline(), title="Press"), ("Press",), id="a folder named by its title"),
        pytest.param(
            outline(inside=outline(inside=outline(), text="France"), text="Press"),
            ("Press", "France"),
            id="in a folder",
        ),
        pytest.param(outline(inside=outline()), (), id="a folder without a name"),
        pytest.param(outline(category="/Press/France,war"), ("Press", "France", "war"), id="categories"),
        pytest.param(outline(inside=outline(category="war,Press"), text="Press"), ("Press", "war"), id="both, once"),
        pytest.param(outline(inside=outline(), text="  The \n Press\u202e "), ("The Press",), id="cleaned"),
        pytest.param(outline(inside=outline(), text="x" * 200), ("x" * 99 + "…",), id="cut"),
        pytest.param(outline(inside="", text="Empty") + outline(), (), id="a folder that has ended"),
        pytest.param(outline("https://a.example/") + "</outline>" + outline(), (), id="an end without a beginning"),
    ],
)
def test_folders_and_categories_become_tags(written: str, tags: tuple[str, ...]) -> None:
    assert listed(opml(written)).feeds[-1].tags == tags


def test_titles_and_languages_are_read() -> None:
    feed = only(opml(outline(text="Le &amp; monde", title="Other", language="fr_FR")))

    assert (feed.title, feed.language) == ("Le & monde", "fr-FR")


def test_a_language_that_is_none_and_an_empty_title_count_as_not_given() -> None:
    feed = only(opml(outline(text=" ", language="unknown language")))

    assert (feed.title, feed.language) == (None, None)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "windows-1251"], ids=["UTF-8", "a BOM", "UTF-16", "windows-1251"]
)
def test_the_encoding_is_that_of_the_document(encoding: str) -> None:
    text = opml(outline(text="Новая газета")).decode().replace("UTF-8", encoding.removesuffix("-sig"))

    assert only(text.encode(encoding)).title == "Новая газета"


def test_html_entities_are_read() -> None:
    assert only(opml(outline(text="L&eacute;on &ndash; le journal"))).title == "Léon – le journal"


def test_a_feed_in_two_folders_is_there_twice() -> None:
    found = listed(opml(outline(inside=outline(), text="Press"), outline(inside=outline(), text="War")))

    assert [feed.tags for feed in found.feeds] == [("Press",), ("War",)]


def test_other_lists_are_named_and_not_followed() -> None:
    found = listed(opml('<outline type="include" text="States" url="https://a.example/states.opml"/>', outline()))

    assert found.lists == ("States",)
    assert len(found.feeds) == 1


def test_a_comment_holds_no_feed() -> None:
    assert listed(opml(f"<!-- {outline()} -->")) == FeedList(feeds=())


@pytest.mark.parametrize(
    ("body", "said"),
    [
        pytest.param(opml(outline())[:-7], "cut off", id="without its end"),
        pytest.param(
            opml(outline(text="a")[:-3] + "/>", outline("https://b.example/")), "could not be read", id="quotes"
        ),
        pytest.param(opml(outline(text="\x08")), "XML forbids", id="forbidden characters"),
    ],
)
def test_what_may_be_missing_is_said(body: bytes, said: str) -> None:
    assert said in " ".join(listed(body).problems)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        pytest.param(b"", "empty", id="nothing"),
        pytest.param(b'<rss version="2.0"><channel/></rss>', "monitor feeds add", id="a feed"),
        pytest.param(b"<!DOCTYPE html><html><body>Sign in</body></html>", "HTML page", id="a page"),
        pytest.param(b"feeds: []", "no <opml>", id="something else"),
        pytest.param(opml("<outline text='a'>" * 5000), "folders within", id="a very deep one"),
        pytest.param(b" " * 20_000_001, "20 MB", id="a very large one"),
    ],
)
def test_what_is_no_list_is_called_what_it_is(body: bytes, said: str) -> None:
    found = read(body)

    assert isinstance(found, NotOpml)
    assert said in found.detail


def test_entities_are_not_expanded() -> None:
    bomb = '<!DOCTYPE opml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    body = opml(outline(text="&b;")).replace(b"<opml", bomb.encode() + b"<opml")

    assert len(only(body).title or "") < 10


IGOOGLE = b"""<ModulePrefs/><GadgetTabML xmlns="http://schemas.google.com/GadgetTabML/2008"
 xmlns:iGoogle="http://www.google.com/ig"><Tab title="Press"><iGoogle:Section><iGoogle:Module type="RSS">
 <iGoogle:ModulePrefs xmlUrl="https://gazette.example/rss"/></iGoogle:Module></iGoogle:Section></Tab></GadgetTabML>"""


def test_other_dialects_are_read_too() -> None:
    assert only(IGOOGLE) == ListedFeed(url=FEED, tags=("Press",))


# ── what is written ──────────────────────────────────────────────────────────────────────────────────────────────────

words = st.text(min_size=1, max_size=40).map(lambda text: one_line(text, 100)).filter(bool)
addresses = st.text("abc/?&=%é\"'<>;,.~", max_size=30).map(lambda tail: resolve(f"https://gazette.example/{tail}"))
keys = st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True)
feeds = st.builds(
    ListedFeed,
    url=addresses,
    title=st.none() | words,
    tags=st.lists(words | st.sampled_from(["%2C", "a,b", "/", "50%", "%25"]), max_size=5, unique=True).map(tuple),
    language=st.none() | st.sampled_from(["fr", "pt-BR", "zh-Hant", "uk"]).map(bcp47),
    key=keys,
)


@given(st.lists(feeds, max_size=6))
def test_what_we_write_we_read_back(given_feeds: list[ListedFeed]) -> None:
    found = listed(write(given_feeds))

    # Written folder by folder, so only the order may differ.
    assert sorted(map(repr, found.feeds)) == sorted(map(repr, given_feeds))
    assert (found.unusable, found.problems) == ((), ())


def test_what_we_write_is_opml_as_other_readers_expect_it() -> None:
    feed = ListedFeed(url=FEED, title="The Gazette", tags=("press", "war, peace"), language="en", key="gazette")

    root = ElementTree.fromstring(write([feed, ListedFeed(url="https://b.example/", key="b")], title="Ours"))

    assert (root.tag, root.get("version"), root.findtext("head/title")) == ("opml", "2.0", "Ours")
    folder, alone = root.findall("body/outline")
    (inside,) = folder
    assert folder.attrib == {"text": "press", "title": "press"}
    assert {name: value for name, value in inside.attrib.items() if "key" not in name} == {
        "type": "rss",
        "text": "The Gazette",
        "title": "The Gazette",
        "xmlUrl": FEED,
        "language": "en",
        "category": "press,war%2C peace",
    }
    assert alone.get("text") == "b"


# ── the commands ─────────────────────────────────────────────────────────────────────────────────────────────────────

SETTINGS = """
monitor: {contact: desk@example.org}
feeds:
  - {key: gazette, url: "https://www.gazette.example/rss/", title: The Gazette, tags: [press, "war, peace"]}
  - {key: herald, url: "https://desk:secret@herald.example/rss?token=hidden&page=1", language: fr}
"""


def folder_with(tmp_path: Path, settings: str = SETTINGS, *outlines: str) -> Path:
    """A folder with a feeds.yaml and, in list.opml, these outlines."""
    (tmp_path / "feeds.yaml").write_text(settings)
    (tmp_path / "list.opml").write_bytes(opml(*outlines))
    return tmp_path


def addresses_of(folder: Path) -> dict[str, str]:
    """The feeds of a folder's feeds.yaml: address → title."""
    return {feed.url: feed.title or "" for feed in load(folder / "feeds.yaml", environ={}).feeds}


def test_import_adds_what_is_new_and_names_the_rest(tmp_path: Path) -> None:
    folder = folder_with(
        tmp_path,
        SETTINGS,
        outline("http://gazette.example/rss", text="Gazette again"),
        outline("https://times.example/feed", text="The Times"),
        outline("https://www.times.example/feed/", text="Times, twice"),
        outline("javascript:alert(1)", text="A bookmarklet"),
    )

    result = monitor("feeds", "import-opml", "list.opml", cwd=folder)

    assert result.status == 0, result.err
    assert set(addresses_of(folder).values()) == {"The Gazette", "", "The Times"}
    for name in ("Gazette again", "Times, twice", "A bookmarklet"):
        assert name in result.err
    assert result.out.startswith("1 feed added to ")
    assert result.out.count("\n") == 1
    assert "1 already there; 1 in the list more than once; 1 without a usable address" in result.out


def test_a_feed_in_two_folders_is_imported_once_with_both_tags(tmp_path: Path) -> None:
    settings = SETTINGS.replace("gazette.example", "other.example")
    folder = folder_with(
        tmp_path, settings, outline(inside=outline(), text="Press"), outline(inside=outline(FEED + "/"), text="War")
    )

    result = monitor("feeds", "import-opml", "list.opml", cwd=folder)

    assert result.status == 0, result.err
    tags = {feed.url: feed.tags for feed in load(folder / "feeds.yaml", environ={}).feeds}
    assert tags[FEED] == ("Press", "War")


def test_a_dry_run_of_an_import_changes_nothing(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, SETTINGS, outline("https://desk:secret@times.example/feed", text="The Times"))

    result = monitor("feeds", "import-opml", "list.opml", "--dry-run", cwd=folder)

    assert "The Times" in result.out
    assert "1 feed would be added" in result.out
    assert "secret" not in result.out + result.err
    assert (folder / "feeds.yaml").read_text() == SETTINGS


def test_what_is_no_list_is_not_imported(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    (folder / "list.opml").write_text("<html></html>")

    result = monitor("feeds", "import-opml", "list.opml", cwd=folder)

    assert result.status == 1
    assert "an HTML page" in result.err


def test_export_leaves_credentials_out_unless_they_are_asked_for(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)

    without = monitor("-q", "feeds", "export-opml", cwd=folder)
    with_them = monitor("feeds", "export-opml", "all.opml", "--with-credentials", cwd=folder)

    assert without.status == with_them.status == 0
    assert [feed.url for feed in listed(without.out.encode()).feeds] == [
        "https://www.gazette.example/rss/",
        "https://herald.example/rss?page=1",
    ]
    assert "herald: the credentials" in without.err
    assert "secret" not in without.out + without.err
    assert "hidden" not in without.out + without.err
    assert "desk:secret@herald.example/rss?token=hidden&page=1" in [
        feed.url.removeprefix("https://") for feed in listed((folder / "all.opml").read_bytes()).feeds
    ]


def test_export_can_be_of_one_tag(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)

    some = monitor("feeds", "export-opml", "--tag", "war, peace", cwd=folder)
    none = monitor("feeds", "export-opml", "--tag", "sports", cwd=folder)

    assert only(some.out.encode()).title == "The Gazette"
    assert none.status == 2
    assert "press, war, peace" in none.err


def test_an_import_of_our_export_gives_the_same_feeds(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    before = load(folder / "feeds.yaml", environ={}).feeds
    monitor("feeds", "export-opml", "list.opml", "--with-credentials", cwd=folder)
    (folder / "feeds.yaml").write_text("monitor: {contact: desk@example.org}\nfeeds:\n")

    result = monitor("feeds", "import-opml", "list.opml", cwd=folder)

    assert result.status == 0, result.err
    after = load(folder / "feeds.yaml", environ={}).feeds
    assert sorted(map(repr, after)) == sorted(map(repr, before))
