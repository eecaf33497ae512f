"""Messages for programs: JSON of one schema, which only ever gains keys."""

from __future__ import annotations

import json
from typing import Any

import pytest

from monitor.model import Reader, TellingArticle
from monitor.render import compose_plainly, plain_document
from tests.factories import NOW, later
from tests.render.builders import HALF_A_PAIR, a_job, a_message, told

KEYS = """schema id in_reply_to kind created_at channel recipient rule digest held part subject text stories"""
ARTICLE = """alert kind article title link feed outlet country authors language language_confidence published_at
published_source first_seen_at excerpt marks words score relation title_before"""


def a_document(*articles: TellingArticle, **given: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(a_message(*articles, form="json", **given).message)
    return document


@pytest.mark.parametrize("kind", ["story", "followup", "group", "summary", "overflow", "digest"])
def test_every_kind_has_the_same_keys(kind: str) -> None:
    document = a_document(told(), kind=kind)

    assert list(document) == KEYS.split()
    assert document["schema"] == "monitor/1"
    assert document["kind"] == kind
    assert list(document["stories"][0]) == ["rule", "story", "outlets", "articles"]
    assert list(document["stories"][0]["articles"][0]) == ARTICLE.split()


def test_a_document_says_what_the_mail_says() -> None:
    document = a_document(told(authors=("Claire Martin",), first_seen_at=later(minutes=7), outlets=("La Gazette", "B")))

    assert document["rule"] == "ukraine"
    assert document["subject"] == "[ukraine] L’OTAN réunit ses ministres sur l’Ukraine (2 outlets)"
    assert document["created_at"] == "2026-11-22T12:01:00Z"
    assert document["part"] == {"number": 1, "of": 1}
    (story,) = document["stories"]
    assert story["outlets"] == ["La Gazette", "B"]
    (article,) = story["articles"]
    assert article["link"] == "https://gazette.example/2026/11/22/otan-ukraine"
    assert (article["published_at"], article["first_seen_at"]) == ("2026-11-22T12:00:00Z", "2026-11-22T12:07:00Z")
    assert article["language"] == "fr"
    assert [article["excerpt"][low:high] for low, high in article["marks"]] == ["Ukraine"]


def test_its_id_is_that_of_the_mail_so_that_a_repeated_one_can_be_told() -> None:
    message = a_message(told(), form="json")

    assert json.loads(message.message)["id"] == message.message_id.strip("<>") == a_message(told()).message_id[1:-1]


def test_a_followup_names_what_it_answers() -> None:
    document = a_document(
        told(kind="revision", before="Old"), kind="followup", answers=("<1@x.example>", "<2@x.example>")
    )

    assert document["in_reply_to"] == "2@x.example"
    assert document["stories"][0]["articles"][0]["title_before"] == "Old"


def test_what_was_held_back_says_why() -> None:
    assert a_document(told(), kind="overflow", why="quiet")["held"] == "quiet"
    assert a_document(told(), kind="summary")["held"] == "burst"
    assert a_document(told())["held"] is None


def test_what_is_unknown_is_null() -> None:
    article = told(published_at=None, published_source="none", link="javascript:alert(1)", country=None)

    (shown,) = a_document(article)["stories"][0]["articles"]

    assert (shown["published_at"], shown["link"], shown["country"]) == (None, None, None)


def test_an_empty_digest_has_no_stories() -> None:
    document = a_document(kind="digest", reader=Reader(language="fr"))

    assert document["stories"] == []
    assert document["subject"] == "[morning] rien de nouveau"


def test_a_document_is_always_utf8() -> None:
    document = a_document(told(title=HALF_A_PAIR, outlet="北约"))

    assert document["stories"][0]["articles"][0]["title"] == "l’Ukraine ?"


def test_a_document_in_the_fewest_words_still_has_its_schema() -> None:
    for message in (
        compose_plainly(a_job(told(), form="json", now=NOW), why="too long").message,
        plain_document("<1@x.example>", "notice", "[monitor] x", "text"),
    ):
        document = json.loads(message)
        assert list(document) == ["schema", "id", "kind", "subject", "text"]
        assert document["schema"] == "monitor/1"
