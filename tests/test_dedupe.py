"""New, revised, a duplicate or known: and never two news items folded into one."""

from __future__ import annotations

from typing import Any

from monitor.dedupe import sort_out
from monitor.model import Archived, Article, Duplicate, Known, Lookup, New, Revised
from tests.factories import NOW, an_article, later

SENTENCE = "Les ministres de l’OTAN se réunissent mardi à Bruxelles pour parler de l’Ukraine. "


def archived(**given: Any) -> Archived:
    """What the archive holds of `an_article()`."""
    article = an_article()
    values: dict[str, Any] = {
        "id": 1,
        "feed": "gazette",
        "link_key": article.link_key,
        "title": article.title,
        "content_digest": article.content_digest,
        "fingerprint": None,
        "language": "fr",
        "first_seen_at": NOW,
        "rules": frozenset(),
        "story": 1,
    }
    return Archived(**(values | given))


def entry(key: str, **given: Any) -> Article:
    """An article under an entry key, with a link of its own unless one is given."""
    link_key = given.pop("link_key", f"gazette.example/{key}")
    return an_article(guid=key, entry_key=key, link_key=link_key, **given)


def by_key(held: Archived, key: str = "g1") -> Lookup:
    return Lookup(by_entry_key={key: held}, by_link={held.link_key or "": held}, carried=frozenset({held.id}))


# ── by guid ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_nobody_carried_is_new() -> None:
    article = entry("g1")

    assert sort_out([article], Lookup()) == (New(article=article),)


def test_an_entry_this_feed_knows_is_known_when_it_says_the_same() -> None:
    article, held = entry("g1"), archived()

    assert sort_out([article], by_key(held)) == (Known(article=article, of=held),)


def test_an_entry_this_feed_knows_is_revised_when_it_says_something_else() -> None:
    article, held = entry("g1", title="L’OTAN dément"), archived()

    assert sort_out([article], by_key(held)) == (Revised(article=article, of=held),)


def test_the_guid_beats_a_changed_link() -> None:
    article, held = entry("g1", link_key="gazette.example/moved"), archived()

    assert sort_out([article], by_key(held)) == (Known(article=article, of=held),)


def test_a_repeat_in_one_document_is_known() -> None:
    first, second = entry("g1"), entry("g1", text="Un autre état du même texte.")

    assert sort_out([first, second], Lookup()) == (New(article=first), Known(article=second, of=first))


# ── by link ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_same_link_in_another_feed_is_a_duplicate() -> None:
    article, held = an_article(title="Un titre à soi"), archived(feed="tribune")

    verdicts = sort_out([article], Lookup(by_link={article.link_key or "": held}))

    assert verdicts == (Duplicate(article=article, of=held, why="link"),)


def test_a_changed_guid_under_the_same_link_and_title_is_known() -> None:
    held = archived()
    article = entry("g2", link_key=held.link_key)

    assert sort_out([article], by_key(held)) == (Known(article=article, of=held, why="link"),)


def test_new_guids_for_all_entries_at_every_poll_give_nothing_new() -> None:
    held = [archived(id=number, link_key=f"gazette.example/{number}", title=f"Titre {number}") for number in range(100)]
    lookup = Lookup(by_link={each.link_key or "": each for each in held}, carried=frozenset(each.id for each in held))
    articles = [entry(f"new-{each.id}", link_key=each.link_key, title=each.title) for each in held]

    assert {type(verdict) for verdict in sort_out(articles, lookup)} <= {Known, Revised}


def test_a_changed_guid_with_a_reworded_title_is_a_revision() -> None:
    held = archived()
    article = entry("g2", link_key=held.link_key, title="L’OTAN réunit mardi ses ministres sur l’Ukraine")

    assert sort_out([article], by_key(held)) == (Revised(article=article, of=held, why="link"),)


def test_a_page_used_for_one_item_after_the_other_makes_new_articles() -> None:
    held = archived(title="Direct : une explosion à Odessa")
    article = entry("g2", link_key=held.link_key, title="Le Sénat vote le budget", text="Tout autre chose.")

    assert sort_out([article], by_key(held)) == (New(article=article),)


def test_two_items_under_one_link_in_one_document_are_both_new() -> None:
    first = entry("g1", link_key="gazette.example/direct", title="Une explosion à Odessa", text="Un.")
    second = entry("g2", link_key="gazette.example/direct", title="Le Sénat vote le budget", text="Deux.")

    assert sort_out([first, second], Lookup()) == (New(article=first), New(article=second))


def test_one_item_under_two_guids_in_one_document_is_one_article() -> None:
    first, second = entry("g1", link_key="gazette.example/x"), entry("g2", link_key="gazette.example/x")

    assert sort_out([first, second], Lookup()) == (
        New(article=first),
        Duplicate(article=second, of=first, why="link"),
    )


def test_two_items_under_a_link_another_feed_carries_are_not_both_folded() -> None:
    held = archived(feed="tribune", title="Une explosion à Odessa")
    first = entry("g1", link_key=held.link_key, title="Explosion à Odessa")
    second = entry("g2", link_key=held.link_key, title="Le Sénat vote le budget", text="Tout autre chose.")

    verdicts = sort_out([first, second], Lookup(by_link={held.link_key or "": held}))

    assert verdicts == (Duplicate(article=first, of=held, why="link"), New(article=second))


def test_articles_without_a_link_are_not_the_same_for_it() -> None:
    first, second = entry("g1", link_key=None, title="Un"), entry("g2", link_key=None, title="Deux")

    assert sort_out([first, second], Lookup()) == (New(article=first), New(article=second))


# ── by words ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_same_words_in_another_feed_are_a_duplicate() -> None:
    article, held = entry("g1", fingerprint=7), archived(feed="tribune", fingerprint=7)

    verdicts = sort_out([article], Lookup(by_fingerprint={7: held}))

    assert verdicts == (Duplicate(article=article, of=held, why="words"),)


def test_short_texts_are_never_folded() -> None:
    first, second = entry("g1", fingerprint=None), entry("g2", fingerprint=None)

    assert sort_out([first, second], Lookup()) == (New(article=first), New(article=second))


def test_the_same_words_twice_a_day_in_one_feed_are_one_article() -> None:
    held = archived(fingerprint=7)
    article = entry("g2", fingerprint=7)

    verdicts = sort_out([article], Lookup(by_fingerprint={7: held}, carried=frozenset({held.id})))

    assert verdicts == (Known(article=article, of=held, why="words"),)


def test_a_daily_form_letter_is_new_every_day() -> None:
    held = archived(fingerprint=7, first_seen_at=later(days=-1))
    article = entry("g2", fingerprint=7, text=SENTENCE * 2)

    verdicts = sort_out([article], Lookup(by_fingerprint={7: held}, carried=frozenset({held.id})))

    assert verdicts == (New(article=article),)


def test_a_long_text_is_recognised_on_another_day() -> None:
    held = archived(fingerprint=7, first_seen_at=later(days=-1))
    article = entry("g2", fingerprint=7, text=SENTENCE * 8)

    verdicts = sort_out([article], Lookup(by_fingerprint={7: held}, carried=frozenset({held.id})))

    assert verdicts == (Known(article=article, of=held, why="words"),)


def test_a_weeks_form_letters_in_one_document_are_all_new() -> None:
    articles = [entry(f"g{day}", fingerprint=7, text=SENTENCE * 2, published_at=later(days=-day)) for day in range(5)]

    assert [type(verdict) for verdict in sort_out(articles, Lookup())] == [New] * 5


def test_the_same_words_under_two_links_in_one_document_are_one_article() -> None:
    first, second = entry("g1", fingerprint=7), entry("g2", fingerprint=7)

    assert sort_out([first, second], Lookup()) == (
        New(article=first),
        Duplicate(article=second, of=first, why="words"),
    )


# ── order ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_verdicts_are_in_step_with_the_articles() -> None:
    held = archived()
    articles = [entry("g9", title="Neuf", text="Neuf."), entry("g1"), entry("g8", title="Huit", text="Huit.")]

    verdicts = sort_out(articles, by_key(held))

    assert [verdict.article for verdict in verdicts] == articles
    assert [type(verdict) for verdict in verdicts] == [New, Known, New]


def test_an_empty_document_has_no_verdicts() -> None:
    assert sort_out([], Lookup()) == ()
