"""An entry made ready to keep: who it is, what it says, when it can have been published."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from monitor.model import Article, ParsedEntry
from monitor.normalise import entry_digest, entry_keys, normalise, rekeyed, shared_links
from monitor.urls import DEFAULT
from tests.factories import NOW, later

LINK = "https://gazette.example/2026/otan"


def an_entry(**given: Any) -> ParsedEntry:
    values = {"guid": "g1", "link": LINK, "title": "L’OTAN se réunit", "body": "<p>Les ministres.</p>"}
    return ParsedEntry(**(values | given))


def normalised(entry: ParsedEntry, **given: Any) -> Article:
    values: dict[str, Any] = {"entry_key": "k", "feed": "gazette", "feed_language": None, "seen_at": NOW}
    return normalise(entry, **(values | given))


# ── identity ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_entry_is_known_by_its_guid() -> None:
    assert entry_keys([an_entry(guid="g1"), an_entry(guid="g2")]) == ("g1", "g2")


def test_an_entry_without_guid_is_known_by_its_link() -> None:
    (key,) = entry_keys([an_entry(guid=None, link="https://gazette.example/1")])
    (with_tracking,) = entry_keys(
        [an_entry(guid=None, link="http://www.gazette.example/1?utm_source=rss", title="Autre")]
    )

    assert key == with_tracking == "gazette.example/1"


def test_an_entry_with_neither_is_known_by_what_it_says() -> None:
    one, same, other = entry_keys(
        [an_entry(guid=None, link=None, body=body) for body in ("Un", "Un", "Deux")],
    )

    assert one == same != other


def test_one_guid_with_several_links_is_several_articles() -> None:
    entries = [an_entry(guid="g", link="https://a.example/1"), an_entry(guid="g", link="https://a.example/2")]

    one, other = entry_keys(entries)

    assert one != other
    assert (one, other) == entry_keys(entries)[:2] == tuple(reversed(entry_keys(entries[::-1])))


def test_one_guid_and_link_with_several_titles_is_several_articles() -> None:
    entries = [an_entry(title="Direct, 10 h"), an_entry(title="Direct, 11 h"), an_entry(guid="g2")]

    keys = entry_keys(entries)

    assert len(set(keys)) == 3
    assert keys[2] == "g2"


def test_untitled_entries_with_one_guid_and_link_are_told_apart_by_text() -> None:
    notes = [an_entry(title="", body=body) for body in ("Good morning.", "Rain all day.")]

    one, other = entry_keys(notes)

    assert one != other


def test_true_repeats_share_their_key() -> None:
    assert entry_keys([an_entry(), an_entry(body="Plus long")]) == ("g1", "g1")


def test_entries_without_guid_that_link_to_one_page_are_told_apart_by_title() -> None:
    one, other = entry_keys([an_entry(guid=None, title="Un"), an_entry(guid=None, title="Deux")])

    assert one != other


def test_a_key_is_bounded_and_still_tells_apart() -> None:
    one, other = entry_keys([an_entry(guid="g" * 2_000 + "1"), an_entry(guid="g" * 2_000 + "2")])

    assert one != other
    assert max(len(one), len(other)) <= 512


RENAMED = DEFAULT.extended(keep=["utm_source"])
TRACKED = f"{LINK}?utm_source=rss"


@pytest.mark.parametrize(
    "entries",
    [
        pytest.param([an_entry(link=TRACKED)], id="a guid"),
        pytest.param([an_entry(guid=None, link=TRACKED)], id="a link"),
        pytest.param([an_entry(guid=None, link="https://gazette.example/?utm_source=rss")], id="a home page"),
        pytest.param([an_entry(guid=None, link=None)], id="what it says"),
        pytest.param([an_entry(link=TRACKED), an_entry(link=f"{TRACKED}&p=2")], id="a guid with several links"),
        pytest.param([an_entry(link=TRACKED), an_entry(link=None)], id="a guid with a link and without"),
        pytest.param([an_entry(link=TRACKED), an_entry(link=TRACKED, title="Autre")], id="guid, link and title"),
        pytest.param(
            [an_entry(guid=None, link=TRACKED), an_entry(guid=None, link=TRACKED, title="Autre")], id="link and title"
        ),
        pytest.param([an_entry(guid="a b", link=TRACKED), an_entry(guid="a", link=TRACKED)], id="a guid with a space"),
        pytest.param([an_entry(guid="g" * 2_000, link=TRACKED)], id="a guid that is cut"),
    ],
)
@pytest.mark.parametrize("backwards", [False, True])
def test_a_stored_key_is_brought_to_what_other_rules_give(entries: list[ParsedEntry], backwards: bool) -> None:
    before, after = (RENAMED, DEFAULT) if backwards else (DEFAULT, RENAMED)

    stored = entry_keys(entries, before)

    assert entry_keys(entries, after) == tuple(
        rekeyed(key, guid=entry.guid, link=entry.link, rules=after) for key, entry in zip(stored, entries, strict=True)
    )


def test_a_key_that_was_cut_stays() -> None:
    long = f"{TRACKED}&x={'x' * 600}"
    (stored,) = entry_keys([an_entry(guid=None, link=long)])

    assert rekeyed(stored, guid=None, link=long, rules=RENAMED) == stored


def test_an_empty_document_has_no_keys() -> None:
    assert entry_keys([]) == ()


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Autre"},
        {"body": "Autre"},
        {"link": "https://gazette.example/2"},
        {"guid": None},
        {"body_is_plain": True},
        {"authors": ("Anne",)},
        {"categories": ("Anne",)},
        {"published": NOW},
        {"updated": NOW},
        {"language": "fr"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_any_change_of_an_entry_changes_its_digest(change: dict[str, Any]) -> None:
    entry = an_entry()

    assert entry_digest(entry, "k") == entry_digest(an_entry(), "k")
    assert entry_digest(replace(entry, **change), "k") != entry_digest(entry, "k")


# ── links ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_link_is_the_publishers_and_the_key_is_canonical() -> None:
    article = normalised(an_entry(link="https://www.gazette.example/1/?utm_source=rss"))

    assert article.link == "https://www.gazette.example/1/?utm_source=rss"
    assert article.link_key == "gazette.example/1"


def test_a_page_that_several_headlines_link_to_identifies_none_of_them() -> None:
    entries = [
        an_entry(guid="1", link="https://gazette.example/direct", title="10 h"),
        an_entry(guid="2", link="https://gazette.example/direct#b", title="11 h"),
        an_entry(guid="3", link="https://gazette.example/3", title="Titre"),
        an_entry(guid="4", link="https://gazette.example/3", title="TITRE"),
    ]

    shared = shared_links(entries)

    assert [normalised(entry, shared=shared).link_key for entry in entries] == [
        None,
        None,
        "gazette.example/3",
        "gazette.example/3",
    ]


@pytest.mark.parametrize(
    ("first", "second", "shared"),
    [
        pytest.param({"title": "Un"}, {"title": "Deux"}, True, id="two headlines"),
        pytest.param(
            {"link": f"{LINK}#1", "body": "Un"}, {"link": f"{LINK}#2", "body": "Deux"}, True, id="two anchors"
        ),
        pytest.param({"link": f"{LINK}#1"}, {"link": f"{LINK}#2"}, False, id="two anchors over one text"),
        pytest.param({"body": "Un"}, {"body": "Deux"}, False, id="an edited text"),
    ],
)
def test_a_link_that_several_items_of_a_document_share_identifies_none(
    first: dict[str, Any], second: dict[str, Any], shared: bool
) -> None:
    entries = [an_entry(**first), an_entry(**second)]

    assert shared_links(entries) == (frozenset({"gazette.example/2026/otan"}) if shared else frozenset())


def test_a_home_page_identifies_nothing() -> None:
    assert normalised(an_entry(link="https://gazette.example/?utm_medium=rss")).link_key is None


# ── what it says ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_title_and_text_are_plain() -> None:
    article = normalised(an_entry(title="L&#8217;OTAN <em>renforce</em>", body="<p>Un &amp; deux</p><p>a<b>b</b>c</p>"))

    assert article.title == "L’OTAN renforce"
    assert article.text == "Un & deux\nabc"


def test_plain_text_is_taken_literally() -> None:
    assert normalised(an_entry(body="si 5 < 6 alors <b>", body_is_plain=True)).text == "si 5 < 6 alors <b>"


@pytest.mark.parametrize(
    ("entry", "title"),
    [
        pytest.param(an_entry(title=" ", body="<p>Les ministres.</p>"), "Les ministres.", id="the text"),
        pytest.param(
            an_entry(title="", body="un deux " * 50),
            "un deux un deux un deux un deux un deux un deux…",
            id="its first words",
        ),
        pytest.param(an_entry(title="", body="x" * 5_000), "x" * 119 + "…", id="a text of one word"),
        pytest.param(an_entry(title="", body=""), LINK, id="the link, when nothing is said"),
        pytest.param(an_entry(title="", body="", link=None), "g1", id="the guid, when there is no link"),
    ],
)
def test_an_entry_without_title_is_called_by(entry: ParsedEntry, title: str) -> None:
    assert normalised(entry).title == title


def test_hostile_characters_are_gone_from_title_and_text() -> None:
    article = normalised(an_entry(title="Un\ud800 \u202edeux\x00\r\ntrois", body="a\x00b\u202ec\ud800"))

    assert article.title == "Un deux trois"
    assert article.text == "abc"
    article.title.encode()
    article.text.encode()


def test_content_digest_follows_title_and_text_only() -> None:
    article = normalised(an_entry())

    assert normalised(an_entry(guid="g2", updated=NOW)).content_digest == article.content_digest
    assert normalised(an_entry(title="Autre")).content_digest != article.content_digest
    assert normalised(an_entry(body="Autre")).content_digest != article.content_digest


def test_a_short_text_has_no_fingerprint_and_a_long_one_ignores_case() -> None:
    long = "Les ministres des Affaires étrangères se réunissent mardi à Bruxelles " * 3

    assert normalised(an_entry(body="Trois mots seulement")).fingerprint is None
    assert (
        normalised(an_entry(body=long)).fingerprint == normalised(an_entry(body=f"<p>{long.upper()}</p>")).fingerprint
    )


# ── dates and language ───────────────────────────────────────────────────────────────────────────────────────────────

AGO = NOW - timedelta(hours=3)


@pytest.mark.parametrize(
    ("published", "updated", "at", "source"),
    [
        pytest.param(AGO, NOW, AGO, "published", id="published wins"),
        pytest.param(None, AGO, AGO, "updated", id="updated stands in"),
        pytest.param(None, None, None, "none", id="no date"),
        pytest.param(later(days=3650), None, NOW, "clamped", id="the future is now"),
        pytest.param(later(days=2), AGO, AGO, "updated", id="a past date over a future one"),
        pytest.param(datetime(1, 1, 1, tzinfo=NOW.tzinfo), None, None, "none", id="year 1 is no date"),
        pytest.param(datetime(1970, 1, 1, tzinfo=NOW.tzinfo), AGO, AGO, "updated", id="the epoch is no date"),
        pytest.param(datetime(9999, 12, 31, tzinfo=NOW.tzinfo), None, NOW, "clamped", id="year 9999 is the future"),
        pytest.param(NOW, None, NOW, "published", id="this very moment"),
    ],
)
def test_a_date_is_believed_between_1990_and_now(
    published: datetime | None, updated: datetime | None, at: datetime | None, source: str
) -> None:
    article = normalised(an_entry(published=published, updated=updated))

    assert (article.published_at, article.published_source) == (at, source)


def test_an_entrys_own_language_wins_over_the_feeds() -> None:
    assert normalised(an_entry(language="en"), feed_language="fr").declared_language == "en"
    assert normalised(an_entry(), feed_language="fr").declared_language == "fr"
    assert normalised(an_entry()).declared_language is None
