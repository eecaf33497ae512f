"""The web pages say what the archive holds, in the reader's language, and nothing an article holds becomes markup."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.archive import open_archive
from monitor.model import Revised
from tests.archive.builders import FRENCH, Finding, a_failure, a_match, an_outcome, fill, found, numbered, the_archived
from tests.factories import NOW, a_feed, an_article, later
from tests.web.serving import CLOCK, Client, served

SETTINGS = """
monitor: {contact: desk@example.org, archive: archive.db, timezone: Europe/Paris}
feeds: [{key: gazette, url: "https://gazette.example/rss.xml"}]
aliases: {ALLIANCE: [OTAN, NATO]}
channels: {desk: {kind: maildir, path: mail}}
rules:
  - {name: ukraine, query: "ukrain*", channels: [desk], note: "the war & what follows"}
  - {name: otan, query: "@ALLIANCE"}
  - {name: "a/b?c#d", query: "nothing"}
"""

PAGES = [
    "/",
    "/?span=7d",
    "/search",
    "/search?q=ukraine",
    "/search?q=ukraine&counts=1",
    "/search?q=ukraine&best=1",
    "/rules",
    "/rules/ukraine",
    "/rules/ukraine?span=365d",
    "/rules/ukraine?try=OTAN&days=30",
    "/rules/a%2Fb%3Fc%23d",
    "/stories/1",
    "/articles/1",
    "/articles/4",
    "/feeds",
    "/feeds/gazette",
    "/feeds/down",
    "/questions",
    "/archive",
    "/archive?sql=SELECT+title,+link+FROM+articles",
    "/archive/mentions-by-day?word=ukraine&since=90d",
    "/archive/v_articles",
    "/archive/articles",
    "/archive/articles?_sort_desc=id&title__contains=a&_facet=language",
    "/archive/articles/1",
    "/archive/messages/1",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    (folder / "feeds.yaml").write_text(SETTINGS)
    with closing(open_archive(str(folder / "archive.db"), now=NOW)) as archive:
        fill(archive)
    return folder


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[Client]:
    with served(folder / "archive.db", folder / "feeds.yaml") as client:
        yield client


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_whole_and_needs_no_script(path: str, language: str, client: Client) -> None:
    answer = client.get(path, Accept_Language=f"{language}-CA,{language};q=0.9,en;q=0.1")

    assert answer.status == 200, answer.page.said
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    names = [tag for tag, _ in answer.page.elements]
    assert ("html", {"lang": language}) in answer.page.elements
    assert names.count("h1") == names.count("main") == 1
    assert "script" not in names
    assert not [name for _, given in answer.page.elements for name in given if name.startswith("on")]
    assert "{" not in answer.page.said.replace('{"', "").partition("CREATE")[0]  # no place that was not filled in


def test_today_shows_each_rules_stories_with_carriers_languages_and_marks(client: Client) -> None:
    page = client.get("/").page

    assert "4 new articles" in re.sub(r"\s+", " ", page.said)
    assert "1 mail given up" in re.sub(r"\s+", " ", page.said)
    assert [link for link in page.links if link.startswith("/stories/")].count("/stories/1") == 3  # 2 rules, carried
    assert "French (fr)" in page.said
    assert ("mark", {}) in page.elements
    assert "a/b?c#d" in page.said.partition("Nothing for these rules")[2]


def test_a_rule_shows_its_numbers_in_a_chart_and_in_a_table(client: Client) -> None:
    answer = client.get("/rules/ukraine")

    assert answer.text.count('aria-label="Articles by language. 3 articles in 90 days"') == 1
    assert '<td>2026-11-22</td><td class="number">3</td><td>French (fr) 3</td>' in answer.text
    assert "the war &amp; what follows" in answer.text


def test_what_another_query_would_gain_and_lose_is_told(client: Client) -> None:
    said = re.sub(r"\s+", " ", client.get("/rules/ukraine?try=Texte OR OTAN&days=7").page.said)

    assert "It finds 3 articles in 7 days; 3 of them matched by the rule." in said
    assert "0 articles gained" in said
    lost = re.sub(r"\s+", " ", client.get("/rules/ukraine?try=OTAN&days=7").page.said)
    assert "It finds 1 article in 7 days; 1 of them matched by the rule." in lost
    assert "2 articles lost" in lost


def test_a_query_that_is_none_is_answered_with_what_is_wrong(client: Client) -> None:
    tried = client.get("/rules/ukraine?try=(OTAN")
    asked = client.get("/search?q=(OTAN")

    assert (tried.status, asked.status) == (200, 200)
    assert "never closed" in tried.page.said
    assert "never closed" in asked.page.said


def test_a_story_shows_who_carried_it_and_what_changed(client: Client) -> None:
    answer = client.get("/stories/1")
    said = re.sub(r"\s+", " ", answer.page.said)

    assert "– first seen" in said
    assert "– carried too" in said
    assert "alert of rule ukraine: " in said
    assert "<ins>" in answer.text
    assert "<del>" in answer.text


def test_a_feed_shows_its_error_with_advice_its_gap_and_its_rhythm(client: Client) -> None:
    down, gazette = client.get("/feeds/down"), client.get("/feeds/gazette")

    assert "no answer" in down.page.said
    assert "fails" in down.page.said
    assert "1 gap" in gazette.page.said
    assert "Sun 13:00: 3 articles" in gazette.text  # by the clock of Paris
    assert gazette.text.count('<rect class="h') == 168


def test_a_search_is_counted_and_taken_away(client: Client) -> None:
    counted = re.sub(r"\s+", " ", client.get("/search?q=Texte&counts=1").page.said)
    (line, *_) = map(json.loads, client.get("/export.jsonl?q=@ALLIANCE").text.splitlines())

    assert "2 articles" in counted
    assert line["title"] == "L’OTAN se réunit"


@pytest.mark.parametrize(
    ("form", "kind"),
    [
        ("csv", "text/csv"),
        ("rss", "application/rss+xml"),
        ("atom", "application/atom+xml"),
        ("json", "application/feed+json"),
    ],
)
def test_what_a_rule_matched_is_given_out(form: str, kind: str, client: Client) -> None:
    answer = client.get(f"/export.{form}?rule=ukraine")

    assert answer.status == 200
    assert answer.headers["content-type"].startswith(kind)
    assert answer.headers["content-disposition"].endswith(
        f"filename*=UTF-8''ukraine.{form}" + (".xml" if form in ("rss", "atom") else "")
    )
    assert answer.text.count("tag:example.org,2026:monitor/article/") == (3 if form != "csv" else 0)


def test_an_archive_alone_can_be_shown(folder: Path) -> None:
    with served(folder / "archive.db") as client:
        assert client.get("/").status == 200
        assert client.get("/rules/ukraine?try=OTAN").status == 200
        assert client.get("/search?q=Texte").status == 200


def test_the_language_is_chosen_and_kept_and_leads_nowhere_else(client: Client) -> None:
    chosen = client.get("/language?to=fr&back=/rules/ukraine%3Fspan%3D7d")
    away = client.get("/language?to=fr&back=//evil.example/")

    assert (chosen.status, chosen.headers["location"]) == (302, "/rules/ukraine?span=7d")
    cookie = chosen.headers["set-cookie"].partition(";")[0]
    assert "Aujourd’hui" in client.get("/", Cookie=cookie, Accept_Language="en").page.said
    assert away.headers["location"] == "/"


def test_what_is_added_while_it_is_served_is_shown(tmp_path: Path) -> None:
    path, file = tmp_path / "archive.db", tmp_path / "feeds.yaml"
    file.write_text(SETTINGS)
    with closing(open_archive(str(path), now=NOW)) as archive:
        archive.sync_feeds([a_feed()], NOW)
        with served(path, file) as client:
            assert "No rule matched anything." in client.get("/").page.said

            archive.record(an_outcome(found(numbered(1), rules=("ukraine",))))
            assert "Titre 1" in client.get("/").page.said

            file.write_text(SETTINGS.replace("name: otan", "name: nato"))
            assert "nato" in client.get("/rules").page.said
            file.write_text("monitor: [")
            assert "nato" in client.get("/rules").page.said  # as it was before the mistake


# ── what articles hold ───────────────────────────────────────────────────────────────────────────────────────────────

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "</title></textarea></style><iframe srcdoc='<script>alert(1)</script>'>",
    "{{ 7 * 7 }}{% raw %}",
    "<a href='javascript:alert(1)'>x</a>",
    "\u202e<u>\u0000",
    "]]><!--",
    "=HYPERLINK(1)",
]
ELEMENTS = {"script", "img", "iframe", "style", "object", "embed", "base", "u"}


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder = tmp_path_factory.mktemp("hostile")
    whole = " ".join(HOSTILE)
    (folder / "feeds.yaml").write_text(SETTINGS)
    with closing(open_archive(str(folder / "archive.db"), now=NOW)) as archive:
        archive.sync_feeds([a_feed(title=whole), a_feed(key="other", url="https://other.example/", title=whole)], NOW)
        article = an_article(
            title=whole, text=whole, authors=(whole,), categories=(whole,), link="javascript:alert(1)", guid=whole
        )
        bad = replace(a_match(whole), excerpt=replace(a_match().excerpt, text=whole, marks=((1, 5),)))
        archive.record(
            an_outcome(
                Finding(verdict=found(article).verdict, language=FRENCH, matches=(bad, replace(bad, rule="ukraine")))
            )
        )
        changed = replace(article, text=f"{whole}\n<script>2</script>", content_digest=7, seen_at=later(minutes=15))
        archive.record(
            an_outcome(
                Finding(verdict=Revised(article=changed, of=the_archived(archive, article)), language=FRENCH),
                at=later(minutes=15),
            )
        )
        archive.record(a_failure(feed="other", error=whole))
    with served(folder / "archive.db", folder / "feeds.yaml") as client:
        yield client


@pytest.mark.parametrize(
    "path",
    [
        *(path for path in PAGES if not re.search("down|messages|articles/4", path)),
        "/feeds/other",
        "/rules/%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        "/search?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
        "/rules/ukraine?try=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
        "/archive?sql=SELECT+%27%3Cscript%3Ealert(1)%3C/script%3E%27+AS+%22%3Cscript%3E%22",
        "/archive?sql=%3C/textarea%3E%3Cscript%3Ealert(1)%3C/script%3E",
        "/archive/mentions-by-day?word=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
        "/%3Cscript%3Ealert(1)%3C/script%3E",
    ],
)
def test_nothing_an_article_or_an_address_holds_becomes_markup(path: str, hostile: Client) -> None:
    answer = hostile.get(path)

    page = answer.page
    assert not [
        tag
        for tag, _ in page.elements
        if tag in ELEMENTS - ({"b"} if path in ("/", "/?span=7d") or "/stories" in path or path == "/feeds" else set())
    ]
    assert not [name for _, given in page.elements for name in given if name.startswith("on")]
    assert all(re.match(r"https?://|[/#?]", link) for link in page.links), page.links
    assert "49" not in page.said.replace("1,49", "") or "7 * 7" in page.said


def test_no_cell_of_datasettes_own_csv_is_a_formula(hostile: Client) -> None:
    answer = hostile.get("/archive.csv?sql=SELECT+'=1'+AS+a,+'x\"y\n=2'+AS+b,+'-3'+AS+c")

    assert list(csv.reader(io.StringIO(answer.text))) == [["a", "b", "c"], ["'=1", 'x"y\n=2', "'-3"]]


# ── odd requests ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/rules/none", 404),
        ("/stories/99", 404),
        ("/events/99", 404),
        ("/articles/999999999999999999", 404),
        ("/articles/9999999999999999999999", 404),
        ("/feeds/none", 404),
        ("/nowhere", 404),
        ("/export.exe", 404),
        ("/rules/ukraine?before=x", 400),
        ("/search?q=" + "x" * 3000, 400),
        ("/export.csv?q=(", 400),
        ("/search?" + "&".join(f"a{n}=1" for n in range(60)), 400),
        ("/?" + "a" * 17_000, 414),
        ("/archive/nothing", 404),
        ("/archive?sql=SELEC", 400),
        ("/archive/articles?_sort=nothing", 400),
    ],
)
def test_what_is_not_there_or_odd_is_said_so(path: str, status: int, client: Client) -> None:
    answer = client.get(path)

    assert answer.status == status
    assert "Traceback" not in answer.text


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["/", "/search", "/rules/ukraine", "/stories/1", "/feeds", "/export.csv", "/archive"]),
    st.dictionaries(
        st.sampled_from(["q", "span", "lang", "feed", "page", "before", "try", "days", "rule", "sql", "limit"]),
        st.text(max_size=30) | st.integers().map(str),
        max_size=4,
    ),
)
def test_no_request_is_a_fault_of_ours(client: Client, path: str, given: dict[str, str]) -> None:
    answer = client.get(f"{path}?{urlencode(given, errors='replace')}")

    assert answer.status in (200, 400, 404), answer.page.said


def test_an_archive_that_goes_away_is_told_and_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "archive.db"
    with closing(open_archive(str(path), now=NOW)):
        pass
    with served(path) as client:
        path.rename(tmp_path / "elsewhere.db")
        gone = client.get("/")
        (tmp_path / "elsewhere.db").rename(path)

        assert gone.status == 503
        assert "does not exist" in gone.page.said
        assert client.get("/").status == 200


def test_a_clock_is_the_readers(folder: Path) -> None:
    with served(folder / "archive.db", folder / "feeds.yaml", clock=CLOCK + timedelta(days=400)) as client:
        said = client.get("/articles/1").page.said

    assert "22 Nov 2026" in said
