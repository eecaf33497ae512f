"""`monitor rules …`: what a rule would have done, what a change changes, why an article did or did not match."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.archive import open_archive
from monitor.model import Delivered, Duplicate, Finding, Join, LanguageGuess, New
from tests.archive.builders import an_outcome, leased, numbered, queue_each, the_archived
from tests.commands import Result, monitor
from tests.factories import a_feed

# The commands look back from now. So do the articles, in whole days: what is asserted holds at any hour.
NOW = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)

SETTINGS = """
monitor: {contact: desk@example.org, archive: archive.db, timezone: UTC}
feeds:
  - {key: gazette, url: "https://gazette.example/rss.xml", tags: [press], country: FR}
  - {key: courier, url: "https://courier.example/atom.xml", country: GB}
aliases: {OTAN: [OTAN, NATO]}
rules:
  - {name: ukraine, query: Ukraine, channels: [desk]}
  - {name: alliance, query: "@OTAN NEAR/2 ukrain*", languages: [fr], channels: [desk], digest: morning}
  - {name: weighed, score: {OTAN: 10, guerre: 5}, threshold: 12, channels: [desk]}
  - {name: courier, query: Ukraine, feeds: [courier], channels: [desk]}
  - {name: quiet, query: Ukraine, channels: []}
  - {name: off, query: Ukraine, enabled: false, channels: [desk]}
  - {name: over, query: Ukraine, until: 2020-01-01, channels: [desk]}
channels: {desk: {kind: email, to: [desk@example.org]}}
digests: {morning: {cron: "0 7 * * 1-5"}}
"""


def days_ago(number: int) -> datetime:
    return NOW - timedelta(days=number)


def an_entry(number: int, text: str, ago: int, *, language: str = "fr", **given: Any) -> Finding:
    """A new article of so many days ago."""
    guess = LanguageGuess(language=language, confidence=0.9, source="detected")
    article = numbered(number, guid=f"g-{number}", text=text, seen_at=days_ago(ago), published_at=None, **given)
    return Finding(verdict=New(article=article), language=guess)


def make(folder: Path) -> Path:
    """Two feeds' first polls (1, 2), a report (3) and its copy (4), one of both (5), another matter (6)."""
    (folder / "feeds.yaml").write_text(SETTINGS)
    archive = open_archive(str(folder / "archive.db"), now=days_ago(40))
    courier = {"feed": "courier"}
    archive.sync_feeds([a_feed(), a_feed(key="courier", url="https://courier.example/atom.xml")], days_ago(40))
    archive.record(an_outcome(an_entry(1, "L’Ukraine attend.", 20), at=days_ago(20)))
    archive.record(an_outcome(an_entry(2, "War in Ukraine.", 20, language="en", **courier), at=days_ago(20), **courier))
    archive.record(an_outcome(an_entry(3, "L’OTAN aide l’Ukraine.", 3), at=days_ago(3)))
    copy = replace(an_entry(4, "L’OTAN aide l’Ukraine !", 2, **courier), story=Join(to=3, relation="copy", score=1.0))
    archive.record(an_outcome(copy, at=days_ago(2), **courier))
    shared = an_entry(5, "La guerre en Ukraine : l’OTAN\x20réunie.", 1, authors=("Anna Petit",), categories=("Monde",))
    archive.record(an_outcome(shared, an_entry(6, "Une recette.", 1), at=days_ago(1)))
    article = shared.verdict.article
    again = Duplicate(
        article=replace(article, feed="courier", entry_key="c-5"), of=the_archived(archive, article), why="link"
    )
    archive.record(an_outcome(Finding(verdict=again), at=days_ago(1), **courier))
    archive.close()
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive that nobody writes to."""
    return make(tmp_path_factory.mktemp("rules"))


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """An archive to be written to."""
    return make(tmp_path)


def ask(folder: Path, *arguments: str) -> Result:
    return monitor("-q", *arguments, cwd=folder, TZ="UTC")


def ids(result: Result) -> list[int]:
    assert result.status == 0, result.err
    return [hit["id"] for hit in result.json()["hits"]]


# ── rules test ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        pytest.param(["ukraine"], [5, 4, 3, 2, 1], id="newest first"),
        pytest.param(["ukraine", "--since", "7d"], [5, 4, 3], id="since"),
        pytest.param(["ukraine", "--limit", "2"], [5, 4], id="not more than asked for"),
        pytest.param(["alliance"], [5, 4, 3], id="in its languages only"),
        pytest.param(["weighed"], [5], id="by weights"),
        pytest.param(["courier"], [5, 4, 2], id="of its feeds, whichever of them carried it first"),
        pytest.param(["off"], [5, 4, 3, 2, 1], id="also a rule that is switched off"),
        pytest.param(["over"], [], id="not what came after the rule was over"),
        pytest.param(["--query", "@OTAN ukrain* -guerre"], [4, 3], id="a query with the aliases"),
        pytest.param(["--query", "author:petit"], [5], id="authors"),
        pytest.param(["--query", "lang:en"], [2], id="language"),
        pytest.param(["--query", "tag:monde"], [5], id="the entry's categories"),
        pytest.param(["--query", "tag:press"], [6, 5, 3, 1], id="the feed's tags, as the configuration says now"),
        pytest.param(["--query", "country:GB"], [5, 4, 2], id="the feed's country"),
        pytest.param(["--query", "link:gazette.example ukraine feed:courier"], [5, 4, 2], id="link and feed"),
    ],
)
def test_a_test_finds_what_a_poll_would_have_found(folder: Path, arguments: list[str], found: list[int]) -> None:
    assert ids(ask(folder, "rules", "test", *arguments, "--json")) == found


def test_a_search_asks_of_an_article_what_a_rule_may_ask(folder: Path) -> None:
    result = ask(folder, "search", "author:petit country:GB tag:press* lang:fr", "--json")

    # It is in the country of one of its feeds and has the tag of the other: never both at once.
    assert result.json() == []
    assert [hit["id"] for hit in ask(folder, "search", "author:petit country:GB tag:monde", "--json").json()] == [5]


def test_a_test_counts_stories_and_mails_but_no_mail_for_a_feeds_first_poll(folder: Path) -> None:
    told = ask(folder, "rules", "test", "ukraine", "--json").json()

    assert (told["searched"], told["articles"], told["stories"], told["mails"]) == (6, 5, 4, 3)
    assert told["feeds"] == {"gazette": 3, "courier": 2}
    assert told["languages"] == {"fr": 4, "en": 1}
    # 3 and its copy 4 are one story, and two mails.
    days = {day["day"]: (day["articles"], day["mails"]) for day in told["days"]}
    assert [days[f"{days_ago(ago):%Y-%m-%d}"] for ago in (20, 3, 2, 1)] == [(2, 0), (1, 1), (1, 1), (1, 1)]
    assert (told["mails_a_day_median"], told["mails_a_day_most"]) == (0, 1)


def test_a_test_is_read_line_by_line(folder: Path) -> None:
    result = ask(folder, "rules", "test", "weighed", "--since", "7d")

    assert result.out.splitlines() == [
        f"{days_ago(1):%Y-%m-%d %H:%M}  gazette  [fr]  #5  score 15",
        "  Titre 5",
        "  La *guerre* en Ukraine : l’*OTAN* réunie.",
        "  https://gazette.example/5",
        "",
        f"articles   1 of 4 articles since {NOW - timedelta(days=7):%Y-%m-%d}, in 1 story",
        "feeds      gazette 1",
        "languages  fr 1",
        f"mails      1, one an article: 0 on a usual day, 1 on the fullest, {days_ago(1):%Y-%m-%d}",
        f"a day      {days_ago(3):%Y-%m-%d}   █  {NOW + timedelta(minutes=5):%Y-%m-%d}  (most: 1)",
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["alliance", "--limit", "0"], "mails      none of their own: 3 would stand in the digest morning"),
        (["quiet"], "mails      none: the rule names no channel"),
        (["--query", "lang:en"], "mails      none: all came with the first poll of their feed, which alerts nobody"),
        (["ukraine", "--limit", "3"], "… and 2 more; --limit shows more"),
        (["over"], f"nothing found in 6 articles since {NOW - timedelta(days=30):%Y-%m-%d}"),
    ],
)
def test_a_test_says_what_would_be_sent(folder: Path, arguments: list[str], said: str) -> None:
    assert said in ask(folder, "rules", "test", *arguments).out.splitlines()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["off"], "rule off is switched off (enabled: false); this is what it would find if it were not"),
        (["over"], "rule over has been over since 2020-01-02 (until)"),
    ],
)
def test_a_test_says_what_keeps_a_rule_from_matching(folder: Path, arguments: list[str], said: str) -> None:
    assert ask(folder, "rules", "test", *arguments).err.strip() == said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "name a rule, as in: monitor rules test ukraine; or give --query"),
        (["ukraine", "--query", "x"], "name a rule, as in: monitor rules test ukraine; or give --query"),
        (["ukrain"], "feeds.yaml; did you mean 'ukraine'?"),
        (["--query", "(Ukraine"], 'query, column 1: "("'),
        (["ukraine", "--alert"], "--alert goes with --backfill"),
        (["ukraine", "--backfill", "7d", "--since", "3d"], "--backfill says itself how far back to go"),
        (["--query", "Ukraine", "--backfill", "7d"], "write it into the configuration"),
        (["off", "--backfill", "7d"], "rule off is switched off (enabled: false), so it has no matches to record"),
        (["quiet", "--backfill", "7d", "--alert"], "rule quiet names no channel, so --alert would tell nobody"),
    ],
)
def test_what_cannot_be_tested_is_said_with_what_to_do(folder: Path, arguments: list[str], said: str) -> None:
    result = ask(folder, "rules", "test", *arguments)

    assert (result.status, result.out) == (2, "")
    assert said in result.err


# ── rules test --backfill ────────────────────────────────────────────────────────────────────────────────────────────


def recorded(folder: Path) -> list[tuple[str, int, str]]:
    result = ask(folder, "sql", "SELECT rule, article, matched_at FROM matches ORDER BY rule, article", "--json")
    return [(row["rule"], row["article"], row["matched_at"]) for row in result.json()]


def alerts(folder: Path) -> list[tuple[str, str]]:
    return [(row["rule"], row["state"]) for row in ask(folder, "alerts", "list", "--json").json()]


def test_a_backfill_records_what_a_rule_would_have_matched_and_mails_nobody(own: Path) -> None:
    result = ask(own, "rules", "test", "ukraine", "--backfill", "7d")

    assert result.out == "ukraine: 3 matches recorded\n"
    assert recorded(own) == [
        ("ukraine", number, f"{days_ago(ago):%Y-%m-%dT%H:%M:%SZ}") for number, ago in ((3, 3), (4, 2), (5, 1))
    ]
    assert alerts(own) == []


def test_a_second_backfill_adds_only_what_is_missing(own: Path) -> None:
    ask(own, "rules", "test", "ukraine", "--backfill", "7d")

    again = ask(own, "rules", "test", "ukraine", "--backfill", "30d")

    assert again.out == "ukraine: 2 matches recorded; 3 were recorded before\n"
    assert len(recorded(own)) == 5


def test_a_backfill_alerts_when_asked_once_an_article_and_the_outbox_sends_it(own: Path) -> None:
    ask(own, "rules", "test", "ukraine", "--backfill", "7d")

    asked = ask(own, "rules", "test", "ukraine", "--backfill", "7d", "--alert")
    again = ask(own, "rules", "test", "ukraine", "--backfill", "7d", "--alert")

    line = "alerts raised; the daemon or `monitor deliver` sends them together"
    assert asked.out.splitlines()[1] == f"2 {line}"  # of three articles, two of which are one story
    assert again.out.splitlines()[1] == f"0 {line}"
    assert ask(own, "deliver").out.startswith("1 sent")
    assert sorted(alerts(own)) == [("ukraine", "joined"), ("ukraine", "sent"), ("ukraine", "sent")]


def test_a_story_is_told_by_the_article_it_began_with_also_afterwards(own: Path) -> None:
    ask(own, "rules", "test", "ukraine", "--backfill", "7d", "--alert")

    told = ask(own, "sql", "SELECT article FROM alerts WHERE state = 'waiting' ORDER BY article", "--json")

    assert [row["article"] for row in told.json()] == [3, 5]


def test_a_backfill_of_a_rule_with_a_digest_waits_for_it(own: Path) -> None:
    result = ask(own, "rules", "test", "alliance", "--backfill", "7d", "--alert", "--json")

    assert {key: result.json()[key] for key in ("rule", "articles", "recorded", "alerts")} == {
        "rule": "alliance",
        "articles": 3,
        "recorded": 3,
        "alerts": 2,
    }
    assert sorted(alerts(own)) == [("alliance", "joined"), ("alliance", "waiting"), ("alliance", "waiting")]


def test_a_backfill_goes_on_beside_a_daemon_which_then_writes_on(own: Path) -> None:
    daemon = open_archive(str(own / "archive.db"), now=NOW)
    try:
        backfilled = ask(own, "rules", "test", "ukraine", "--backfill", "7d", "--alert")
        tested = ask(own, "rules", "test", "ukraine", "--json")
        queue_each(daemon)
        for delivery in leased(daemon, now=datetime.now(UTC)):
            daemon.settle(delivery, Delivered(reply="250 ok"), now=NOW, next_attempt_at=None)
    finally:
        daemon.close()

    assert backfilled.status == 0
    assert backfilled.out.splitlines()[0] == "ukraine: 3 matches recorded"
    assert ids(tested) == [5, 4, 3, 2, 1]
    assert sorted(alerts(own)) == [("ukraine", "joined"), ("ukraine", "sent"), ("ukraine", "sent")]


# ── rules diff ───────────────────────────────────────────────────────────────────────────────────────────────────────


def other(folder: Path, old: str, new: str) -> str:
    """Another configuration: the same but for a piece."""
    assert old in SETTINGS
    (folder / "other.yaml").write_text(SETTINGS.replace(old, new))
    return "other.yaml"


@pytest.mark.parametrize(
    ("old", "new", "rule", "told"),
    [
        pytest.param(
            "NEAR/2 ukrain*", "NEAR/1 ukrain*", "alliance", ("changed", ["query"], 0, [4, 3], 1), id="another query"
        ),
        pytest.param(
            "OTAN: [OTAN, NATO]",
            "OTAN: [NATO, guerre]",
            "alliance",
            ("changed", ["aliases"], 0, [4, 3], 1),
            id="another alias",
        ),
        pytest.param(
            "languages: [fr]", "languages: [en]", "alliance", ("changed", ["languages"], 0, [5, 4, 3], 0), id="scope"
        ),
        pytest.param("threshold: 12", "threshold: 9", "weighed", ("changed", ["threshold"], 2, [], 1), id="threshold"),
        pytest.param("enabled: false, ", "", "off", ("changed", ["enabled"], 5, [], 0), id="switched on"),
        pytest.param("name: ukraine,", "name: kyiv,", "ukraine", ("removed", [], 0, [5, 4, 3, 2, 1], 0), id="removed"),
        pytest.param("name: ukraine,", "name: kyiv,", "kyiv", ("added", [], 5, [], 0), id="added"),
        pytest.param(
            "quiet, query: Ukraine, channels: []",
            "quiet, query: Ukraine, channels: [desk]",
            "quiet",
            ("changed", ["channels"], 0, [], 0),
            id="told to others",
        ),
    ],
)
def test_a_diff_counts_what_a_change_gains_and_loses(
    own: Path, old: str, new: str, rule: str, told: tuple[str, list[str], int, list[int], int]
) -> None:
    result = ask(own, "rules", "diff", other(own, old, new), "--limit", "9", "--json")

    assert result.status == 0, result.err
    change = next(change for change in result.json()["changes"] if change["rule"] == rule)
    lost = [hit["id"] for hit in change["lost_hits"]]
    assert (change["change"], change["keys"], change["gained"], lost, change["kept"]) == told
    assert (change["lost"], len(change["gained_hits"])) == (len(lost), change["gained"])


def test_a_diff_sees_that_feeds_have_other_tags(own: Path) -> None:
    changed = SETTINGS.replace("{name: quiet, query: Ukraine,", "{name: quiet, query: Ukraine tag:press,")
    (own / "feeds.yaml").write_text(changed)
    (own / "other.yaml").write_text(changed.replace("country: GB", "country: GB, tags: [press]"))

    change = next(
        change
        for change in ask(own, "rules", "diff", "other.yaml", "--json").json()["changes"]
        if change["rule"] == "quiet"
    )

    assert (change["keys"], change["gained"], change["lost"]) == (["tags and countries of feeds"], 2, 0)


def test_a_diff_is_read_line_by_line(own: Path) -> None:
    name = other(own, "@OTAN NEAR/2 ukrain*", "@OTAN NEAR/1 ukrain*")

    result = ask(own, "rules", "diff", name, "--limit", "1")

    assert result.out.splitlines() == [
        "alliance  changed: query",
        "  - @OTAN NEAR/2 ukrain*",
        "  + @OTAN NEAR/1 ukrain*",
        "  0 gained, 2 lost, 1 kept",
        "",
        f"lost: {days_ago(2):%Y-%m-%d %H:%M}  courier  [fr]  #4",
        "  Titre 4",
        "  L’*OTAN* aide l’*Ukraine* !",
        "  https://gazette.example/4",
        "",
        "… and 1 more lost; --limit shows more",
        "",
        "6 rules come to the same",
    ]


def test_rules_that_are_written_otherwise_and_mean_the_same_do_not_differ(own: Path) -> None:
    name = other(own, "@OTAN NEAR/2 ukrain*", "(OTAN OR nato) NEAR/2 UKRAIN*")

    assert ask(own, "rules", "diff", name).out == "no rule differs: 7 rules come to the same\n"


def test_what_is_wrong_with_the_other_configuration_is_said_as_check_says_it(own: Path) -> None:
    result = ask(own, "rules", "diff", other(own, "@OTAN NEAR/2 ukrain*", "(NATO"))

    assert (result.status, result.out) == (78, "")
    assert result.err.startswith("other.yaml:9:30: rules[1].query: ")
    assert ask(own, "rules", "diff", "nowhere.yaml").status == 2


# ── rules explain ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_explanation_is_read_line_by_line(own: Path) -> None:
    ask(own, "rules", "test", "ukraine", "--backfill", "7d", "--alert")

    result = ask(own, "rules", "explain", "https://gazette.example/3?utm_source=x")

    record = "it is not on record: the rule or the article has changed since. `monitor rules test"
    assert result.out.splitlines() == [
        "#3  Titre 3",
        "  https://gazette.example/3",
        f"  first seen {days_ago(3):%Y-%m-%d %H:%M}, language fr, carried by gazette",
        f"ukraine: matches; recorded {days_ago(3):%Y-%m-%d %H:%M}, alert 1 waiting",
        "  ukraine  is there: “Ukraine” text 14–21",
        f"alliance: matches; {record} alliance --backfill 4d` records it",
        "  (otan OR nato) NEAR/2 ukrain*  is there: “OTAN” text 2–6, “Ukraine” text 14–21",
        "weighed: does not match",
        "  otan  counts +10: “OTAN” text 2–6",
        "  guerre  is not there, so +5 does not count",
        "  score  10 does not reach the threshold 12",
        "courier: is not for it",
        "  feeds  is for courier; this is gazette",
        f"quiet: matches; {record} quiet --backfill 4d` records it",
        "  ukraine  is there: “Ukraine” text 14–21",
        "off: is not for it",
        "  enabled  the rule is switched off",
        "over: is not for it",
        f"  until  was over at 2020-01-02 00:00 UTC; the article came {days_ago(3):%a %Y-%m-%d %H:%M} UTC",
    ]


def test_an_article_is_explained_for_the_carrier_that_a_rule_is_for(folder: Path) -> None:
    (explained,) = ask(folder, "rules", "explain", "5", "--rule", "courier", "--json").json()

    assert [(each["rule"], each["outcome"]) for each in explained["rules"]] == [("courier", "match")]
    assert explained["rules"][0]["reasons"] == [
        {
            "part": "ukraine",
            "why": "is there",
            "where": [{"field": "text", "start": 13, "end": 20, "words": "Ukraine"}],
        }
    ]


def test_a_match_on_record_that_is_none_any_more_is_said_so(own: Path) -> None:
    ask(own, "rules", "test", "ukraine", "--backfill", "7d")
    (own / "feeds.yaml").write_text(SETTINGS.replace("name: ukraine, query: Ukraine", "name: ukraine, query: Kyiv"))

    result = ask(own, "rules", "explain", "3", "--rule", "ukraine")

    at = f"{days_ago(3):%Y-%m-%d %H:%M}"
    assert result.out.splitlines()[3:] == [
        f"ukraine: does not match; but it did at {at}: the rule or the article has changed since",
        "  kyiv  is not there",
    ]


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["99"], 1, "there is no article 99;"),
        (["https://gazette.example/99"], 1, "https://gazette.example/99 is not in the archive."),
        (["3", "--rule", "ukrane"], 2, "did you mean 'ukraine'?"),
    ],
)
def test_what_cannot_be_explained_is_said(folder: Path, arguments: list[str], status: int, said: str) -> None:
    result = ask(folder, "rules", "explain", *arguments)

    assert (result.status, result.out) == (status, "")
    assert said in result.err


# ── rules bench ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_bench_says_what_each_rule_costs_and_which_are_held_against_every_article(own: Path) -> None:
    (own / "feeds.yaml").write_text(SETTINGS.replace("quiet, query: Ukraine,", 'quiet, query: "/Ukr.*/",'))

    told = ask(own, "rules", "bench", "--json").json()
    said = ask(own, "rules", "bench").out

    assert (told["articles"], told["rules"]) == (6, 6)
    costs = {cost["rule"]: (cost["held_against"], cost["matches"], cost["always"]) for cost in told["slowest"]}
    assert costs["ukraine"] == (5, 5, False)
    assert costs["quiet"] == (6, 5, True)
    assert told["rules_an_article"] == pytest.approx(sum(held for held, _, _ in costs.values()) / 6, abs=0.1)
    assert sum(cost["share"] for cost in told["slowest"]) == pytest.approx(1, abs=0.01)
    assert "held against every article: quiet. Nothing in them is a word" in said


def test_a_bench_of_nothing_says_so(tmp_path: Path) -> None:
    (tmp_path / "feeds.yaml").write_text(SETTINGS)
    open_archive(str(tmp_path / "archive.db"), now=NOW).close()

    result = ask(tmp_path, "rules", "bench")

    assert (result.status, result.err) == (1, "the archive holds no articles yet\n")
