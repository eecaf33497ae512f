"""What a document becomes, the same in any number of processes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from random import Random
from typing import Any

import pytest

from monitor.errors import RuleError, WorkerFailed
from monitor.model import Article, FullText, NoPage, NotAFeed, Outcome, Outlet, PageWanted, ParsedEntry, ReadFeed
from monitor.normalise import entry_digest, entry_keys
from monitor.rules import RuleSet, compile_rule, document_of
from monitor.workers import Brief, JobLimits, Workers, changed, oldest_first, read
from tests.factories import NOW, a_rule, an_article, later
from tests.rules.chance import a_feed_by_chance, a_query, an_article_by_chance

LONG_ENOUGH = "Les ministres de l’OTAN se réunissent mardi à Bruxelles pour parler de l’Ukraine et de la mer Noire."
GAZETTE = Outlet(feed="gazette")
BRIEF = Brief(
    languages=("fr", "en", "uk", "ru", "de"),
    rules=(a_rule(), a_rule(name="otan", query="@OTAN NEAR/12 ukrain*")),
    aliases={"OTAN": ("OTAN", "NATO")},
)


def item(name: str, *, at: datetime | None = None, title: str = "L’OTAN et l’Ukraine") -> str:
    """One entry of an RSS feed."""
    date = f"<pubDate>{format_datetime(at)}</pubDate>" if at else ""
    return (
        f"<item><guid>{name}</guid><link>https://gazette.example/{name}</link><title>{title} {name}</title>{date}"
        f"<description>{LONG_ENOUGH} {name}</description></item>"
    )


def document(*items: str, language: str = "fr") -> bytes:
    """An RSS feed of these entries."""
    head = f"<title>Gazette</title><link>https://gazette.example/</link><language>{language}</language>"
    return f"<rss version='2.0'><channel>{head}{''.join(items)}</channel></rss>".encode()


def arguments(**given: Any) -> dict[str, Any]:
    """Everything `read` wants besides the body."""
    usual: dict[str, Any] = {
        "url": "https://gazette.example/rss.xml",
        "content_type": "application/rss+xml",
        "feed": "gazette",
        "feed_language": None,
        "known": frozenset(),
        "truncated": None,
        "now": NOW,
    }
    return usual | given


def read_feed(body: bytes, **given: Any) -> ReadFeed:
    """What becomes of a body that is a feed."""
    result = read(body, **arguments(**given))
    assert isinstance(result, ReadFeed), result
    return result


def guids(articles: Sequence[Article]) -> list[str | None]:
    """The guids, in order."""
    return [article.guid for article in articles]


@asynccontextmanager
async def workers(count: int, brief: Brief = BRIEF, limits: JobLimits = JobLimits()) -> AsyncIterator[Workers]:
    """Started workers."""
    started = Workers(count, brief, limits=limits)
    try:
        await started.start()
        yield started
    finally:
        await started.aclose()


# ── read ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_feed_becomes_articles_and_what_is_known_of_it() -> None:
    result = read_feed(document(item("a"), item("b")))

    assert (result.title, result.language, result.format, result.entries) == ("Gazette", "fr", "rss20", 2)
    assert (result.truncated, result.problems) == (None, ())
    assert len(result.digests) == 2
    assert {article.digest for article in result.articles} == result.digests
    assert {article.feed for article in result.articles} == {"gazette"}


def test_entries_that_are_known_are_not_looked_at_again() -> None:
    before = read_feed(document(item("a"), item("b")))

    after = read_feed(document(item("c"), item("a"), item("b")), known=before.digests)

    assert guids(after.articles) == ["c"]
    assert (after.entries, len(after.digests)) == (3, 3)
    assert before.digests < after.digests


def test_an_entry_that_says_something_else_than_last_time_is_looked_at_again() -> None:
    before = read_feed(document(item("a"), item("b")))

    after = read_feed(document(item("a", title="Démenti :"), item("b")), known=before.digests)

    assert guids(after.articles) == ["a"]


def test_an_entry_that_stands_there_twice_counts_once() -> None:
    result = read_feed(document(item("a"), item("a")))

    assert (len(result.articles), len(result.digests), result.entries) == (1, 1, 2)


def test_dated_articles_come_oldest_first() -> None:
    result = read_feed(
        document(
            item("second", at=later(hours=-2)), item("third", at=later(hours=-1)), item("first", at=later(hours=-3))
        )
    )

    assert guids(result.articles) == ["first", "second", "third"]


def test_articles_without_dates_come_from_the_end_of_the_document() -> None:
    result = read_feed(document(item("newest"), item("older", at=later(hours=-1)), item("oldest")))

    assert guids(result.articles) == ["oldest", "older", "newest"]


def test_articles_of_one_instant_keep_the_order_of_the_document_from_its_end() -> None:
    same = [an_article(guid=name, published_at=NOW) for name in ("c", "b", "a")]

    assert guids(oldest_first([*same, an_article(guid="first", published_at=later(days=-1))])) == [
        "first",
        "a",
        "b",
        "c",
    ]


def test_a_document_without_its_end_gives_its_complete_entries_and_says_so() -> None:
    whole = document(item("a"), item("b"))

    result = read_feed(whole[: whole.index(b"gazette.example/b")])

    assert guids(result.articles) == ["a"]
    assert result.truncated


def test_what_the_fetch_knows_about_a_missing_end_is_passed_on() -> None:
    assert read_feed(document(item("a")), truncated="the connection broke").truncated == "the connection broke"


def test_the_configured_language_of_a_feed_goes_before_its_own() -> None:
    body = document(item("a"), language="en")

    assert read_feed(body).articles[0].declared_language == "en"
    assert read_feed(body, feed_language="uk").articles[0].declared_language == "uk"


def test_a_page_is_no_feed() -> None:
    result = read(b"<!doctype html><html><body>Please log in</body></html>", **arguments(content_type="text/html"))

    assert isinstance(result, NotAFeed)
    assert result.kind is Outcome.NOT_A_FEED


def test_one_entry_that_cannot_be_made_ready_leaves_the_others_alone() -> None:
    entries = [ParsedEntry(guid=name, link=None, title=name, body="") for name in ("a", "b", "c")]

    def ready(entry: ParsedEntry, entry_key: str) -> Article:
        if entry.guid == "b":
            raise ZeroDivisionError("a fault of ours")
        return an_article(guid=entry.guid)

    articles, digests, _, problems = changed(entries, known=frozenset(), ready=ready)

    assert guids(articles) == ["a", "c"]
    assert entry_digest(entries[1], entry_keys(entries)[1]) not in digests, "the next poll meets it again"
    assert problems == ("entry b left out: ZeroDivisionError: a fault of ours",)


def test_running_out_of_memory_is_not_one_entrys_affair() -> None:
    def ready(entry: ParsedEntry, entry_key: str) -> Article:
        raise MemoryError

    with pytest.raises(MemoryError):
        changed([ParsedEntry(guid="a", link=None, title="a", body="")], known=frozenset(), ready=ready)


# ── Workers ──────────────────────────────────────────────────────────────────────────────────────────────────────────

DOCUMENTS = [
    document(*(item(f"{number}-{name}", at=later(hours=-number)) for name in "abcde")) for number in range(6)
] + [b"no feed", document(item("cut"))[:-40]]


@pytest.mark.parametrize("count", [1, 2, 4])
async def test_any_number_of_processes_gives_the_same(count: int) -> None:
    async def everything(some: Workers) -> tuple[list[ReadFeed | NotAFeed], list[Any]]:
        documents = await asyncio.gather(*(some.read(body, **arguments()) for body in DOCUMENTS))
        batches = [result.articles for result in documents if isinstance(result, ReadFeed)]
        return documents, await asyncio.gather(
            *(some.enrich(articles, outlet=Outlet(feed="gazette", tags=("presse",))) for articles in batches)
        )

    async with workers(0) as inline, workers(count) as processes:
        expected, found = await everything(inline), await everything(processes)

    assert found == expected
    assert {match.rule for batch in found[1] for enrichment in batch for match in enrichment.matches} == {
        "ukraine",
        "otan",
    }


async def test_articles_get_their_language_and_their_matches_in_step() -> None:
    ours = an_article(feed="gazette", text=LONG_ENOUGH)
    other = an_article(feed="gazette", title="Météo", text="Il pleuvra demain sur toute la moitié nord du pays.")

    async with workers(0) as inline:
        first, second = await inline.enrich([ours, other], outlet=GAZETTE)

    assert (first.language.language, [match.rule for match in first.matches]) == ("fr", ["ukraine", "otan"])
    assert (second.language.language, second.matches) == ("fr", ())


async def test_a_headline_of_names_is_judged_by_its_feeds_history() -> None:
    names = an_article(feed="gazette", title="Zelensky, Merz", text="")

    async with workers(0, replace(BRIEF, languages=())) as inline:
        (alone,) = await inline.enrich([names], outlet=GAZETTE)
        (carried,) = await inline.enrich([names], outlet=Outlet(feed="gazette", title="Gazette"), history={"sv": 30})

    assert alone.language.language == "und"
    assert (carried.language.language, carried.language.source) == ("sv", "feed")


@pytest.mark.parametrize("tags", [("presse",), ("blogs",)])
async def test_rules_for_a_tag_see_the_feeds_tags(tags: tuple[str, ...]) -> None:
    brief = replace(BRIEF, rules=(a_rule(tags=("presse",)),))

    async with workers(0, brief) as inline:
        (enriched,) = await inline.enrich([an_article()], outlet=Outlet(feed="gazette", tags=tags))

    assert [match.rule for match in enriched.matches] == (["ukraine"] if tags == ("presse",) else [])


async def test_any_number_of_workers_finds_the_same_matches() -> None:
    chance = Random(3)
    feed = a_feed_by_chance(chance, 0)
    rules = []
    while len(rules) < 60:
        with suppress(RuleError):
            rule = a_rule(name=f"rule {len(rules)}", query=a_query(chance, feed))
            compile_rule(rule, feed.aliases)
            rules.append(rule)
    articles = [an_article_by_chance(chance, feed, number)[0] for number in range(40)]
    brief = replace(BRIEF, rules=tuple(rules), aliases=feed.aliases)

    found = []
    for count in (0, 1, 2, 4):
        async with workers(count, brief) as some:
            jobs = [some.enrich(articles[at : at + 5], outlet=feed.outlet) for at in range(0, len(articles), 5)]
            found.append([enriched for batch in await asyncio.gather(*jobs) for enriched in batch])

    assert found[1:] == found[:1] * 3
    known = RuleSet.of(rules, feed.aliases)
    for article, enriched in zip(articles, found[0], strict=True):
        article_read = document_of(article, feed.outlet, enriched.language.language)
        assert enriched.matches == known.match(article_read, at=article.seen_at)
    assert sum(len(enriched.matches) for enriched in found[0]) > 0.2 * len(rules) * len(articles)


@pytest.mark.parametrize("count", [0, 1, 2])
async def test_a_new_brief_brings_new_rules(count: int) -> None:
    async with workers(count) as some:
        (before,) = await some.enrich([an_article()], outlet=GAZETTE)
        await some.replace(replace(BRIEF, rules=(a_rule(name="brussels", query="Bruxelles"),)))
        after = await asyncio.gather(*(some.enrich([an_article()], outlet=GAZETTE) for _ in range(4)))

    assert [match.rule for match in before.matches] == ["ukraine", "otan"]
    assert [[match.rule for match in enriched.matches] for (enriched,) in after] == [["brussels"]] * 4


async def test_no_job_is_lost_when_the_brief_changes() -> None:
    async with workers(2) as some:
        jobs = [asyncio.ensure_future(some.read(DOCUMENTS[0], **arguments())) for _ in range(10)]
        await asyncio.sleep(0)
        await some.replace(replace(BRIEF, rules=()))
        results = await asyncio.gather(*jobs)

    assert all(isinstance(result, ReadFeed) for result in results)


async def test_a_document_that_takes_too_long_is_a_failed_job() -> None:
    hasty = JobLimits(seconds=timedelta(seconds=0.001), seconds_per_megabyte=timedelta(0))

    async with workers(1, limits=hasty) as some:
        with pytest.raises(WorkerFailed, match="longer than"):
            await some.read(document(*(item(str(number)) for number in range(500))), **arguments())


async def test_time_grows_with_the_document() -> None:
    huge = document(*(item(str(number)) for number in range(1500)))
    patient = JobLimits(seconds=timedelta(seconds=0.1), seconds_per_megabyte=timedelta(seconds=100))

    async with workers(1, limits=patient) as some:
        result = await some.read(huge, **arguments())

    assert isinstance(result, ReadFeed)
    assert result.entries == 1500


async def test_a_fault_while_enriching_is_a_failed_job_in_any_case() -> None:
    broken = replace(an_article(), title=None)  # type: ignore[arg-type]

    for count in (0, 1):
        async with workers(count) as some:
            with pytest.raises(WorkerFailed, match="Error"):
                await some.enrich([broken], outlet=GAZETTE)


# ── pages ────────────────────────────────────────────────────────────────────────────────────────────────────────────

SENTENCE = "Les ministres de l’OTAN se réunissent mardi à Bruxelles pour parler de la mer Noire et du blé."
PAGE = (
    f"<html lang=en><body><article><p>{LONG_ENOUGH}</p><p>{SENTENCE}</p>"
    "<p>La délégation doit repartir vendredi, après une dernière séance à huis clos avec ses hôtes.</p></article>"
).encode()


def a_page(**given: Any) -> PageWanted:
    """The page of an article whose feed gives only a teaser."""
    article = an_article(title="Une réunion", text="Les ministres se réunissent mardi à Bruxelles.", **given)
    return PageWanted(
        id=1,
        url="https://gazette.example/1",
        article=article,
        feed="gazette",
        feed_title="Gazette",
        attempts=0,
        news=True,
        rules=frozenset(),
    )


async def read_page(some: Workers, body: bytes, wanted: PageWanted | None = None) -> FullText | NoPage:
    """The page as it came from its address."""
    return await some.read_page(
        body, url="https://gazette.example/1", content_type="text/html", wanted=wanted or a_page(), outlet=GAZETTE
    )


@pytest.mark.parametrize("count", [0, 1])
async def test_a_page_is_read_with_its_language_and_what_the_rules_find_in_all_of_it(count: int) -> None:
    async with workers(count, replace(BRIEF, fulltext=True)) as some:
        read = await read_page(some, PAGE)

    assert isinstance(read, FullText)
    assert read.text.startswith(f"{LONG_ENOUGH}\n{SENTENCE}\n")
    assert (read.enrichment.language.language, read.enrichment.language.source) == ("fr", "detected")
    assert [match.rule for match in read.enrichment.matches] == ["ukraine", "otan"]


async def test_a_page_too_big_for_a_worker_costs_that_worker_and_nothing_else() -> None:
    cramped = JobLimits(seconds=timedelta(seconds=1), seconds_per_megabyte=timedelta(seconds=0.01))
    paragraph = f"<p>{SENTENCE}</p>".encode()

    async with workers(1, replace(BRIEF, fulltext=True), cramped) as some:
        with pytest.raises(WorkerFailed, match=r"longer than|memory"):
            await read_page(some, b"<html><body><article>" + paragraph * 80_000)
        assert isinstance(await read_page(some, PAGE), FullText)


async def test_a_worker_that_may_read_pages_keeps_within_its_memory() -> None:
    deep = b"<html><body>" + b"<div>" * 100_000 + b"x"

    async with workers(1, replace(BRIEF, fulltext=True)) as some:
        hostile = await read_page(some, deep)
        honest = await read_page(some, PAGE)

    assert isinstance(hostile, NoPage)
    assert isinstance(honest, FullText)
