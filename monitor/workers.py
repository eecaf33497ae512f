"""The CPU-heavy core in processes of its own: bytes → articles → languages and matches, alerts → mails.

`read` and `enrich` are plain functions of their arguments, as is `render.compose`. `Workers` runs them in worker
processes, or right here when their number is 0; the results are the same. What a worker must know of the configuration
is its `Brief`.
"""

from __future__ import annotations

import logging
import resource
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any, TypeVar

from monitor.discover import Candidate, candidates
from monitor.errors import WorkerFailed
from monitor.events import headline
from monitor.kinship import Surroundings, kinship
from monitor.language import DETECTORS, LANGDETECT, Detector, detect_all, warm_up
from monitor.likeness import boilerplate, signature, story_of
from monitor.model import (
    AliasItems,
    Article,
    Enrichment,
    FullText,
    Join,
    Near,
    NewMessage,
    NoPage,
    NotAFeed,
    Outlet,
    PageWanted,
    ParsedEntry,
    ReadFeed,
    RuleSpec,
)
from monitor.normalise import body_text, entry_digest, entry_keys, normalise, shared_links
from monitor.page import extract, full_text
from monitor.page import warm_up as warm_up_pages
from monitor.parse import parse
from monitor.pool import Done, Failed, Pool, attempt
from monitor.render import Job, compose
from monitor.rules import RuleSet, document_of
from monitor.text import digest as text_digest
from monitor.text import one_line, title_text
from monitor.urls import DEFAULT, LinkRules

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """What a worker process must know."""

    languages: tuple[str, ...]  # candidates for language tagging, BCP 47
    rules: tuple[RuleSpec, ...]
    aliases: Mapping[str, AliasItems]
    fulltext: bool = False  # pages are read too
    links: LinkRules = DEFAULT  # what links are compared by
    detector: str = LANGDETECT  # which library judges languages: a key of language.DETECTORS


@dataclass(frozen=True, slots=True, kw_only=True)
class JobLimits:
    """How much of a worker one job may take. A feed of 30 entries takes 20 ms, its articles' enrichment 60."""

    seconds: timedelta = timedelta(seconds=5)
    seconds_per_megabyte: timedelta = timedelta(seconds=2)  # of the body that is read
    seconds_per_article: timedelta = timedelta(seconds=0.1)  # that is enriched
    memory_bytes: int = 1024**3  # address space of one process, beside what its language detector needs


def read(
    body: bytes,
    *,
    url: str,
    content_type: str | None,
    feed: str,
    feed_language: str | None,
    known: frozenset[int],
    truncated: str | None,
    now: datetime,
    links: LinkRules = DEFAULT,
) -> ReadFeed | NotAFeed:
    """The entries of a document that are not the same as last time, as articles, oldest first.

    `known` are the entry digests of the last complete document. `truncated` is what the fetch knows about a missing
    end; the document may show one of its own. An entry that cannot be normalised is left out, named among the problems,
    and its digest is not given, so that the next poll meets it again.
    """
    parsed = parse(body, url=url, content_type=content_type)
    if isinstance(parsed, NotAFeed):
        return parsed

    language = feed_language or parsed.language  # whoever configured the feed has looked at it
    shared = shared_links(parsed.entries, links)

    def ready(entry: ParsedEntry, entry_key: str) -> Article:
        return normalise(
            entry, entry_key=entry_key, feed=feed, feed_language=language, seen_at=now, shared=shared, links=links
        )

    articles, digests, entry_keys, problems = changed(parsed.entries, known=known, ready=ready, links=links)
    boilerplate = boilerplate_of(parsed.entries, articles)
    return ReadFeed(
        title=parsed.title,
        language=parsed.language,
        format=parsed.format,
        ttl=parsed.ttl,
        period=parsed.period,
        entries=len(parsed.entries),
        digests=digests,
        entry_keys=entry_keys,
        articles=tuple(comparable(article, boilerplate) for article in oldest_first(articles)),
        boilerplate=boilerplate,
        truncated=truncated or parsed.truncated,
        problems=parsed.problems + problems,
    )


def changed(
    entries: Sequence[ParsedEntry],
    *,
    known: frozenset[int],
    ready: Callable[[ParsedEntry, str], Article],
    links: LinkRules = DEFAULT,
) -> tuple[tuple[Article, ...], frozenset[int], frozenset[int], tuple[str, ...]]:
    """The entries that are not known, made `ready`, in their order; of all the digests, and those of their keys; a line
    for each that failed.

    An entry that stands in the document twice, word for word, counts once.
    """
    articles = []
    digests: set[int] = set()
    problems = []
    keys = entry_keys(entries, links)
    for entry, entry_key in zip(entries, keys, strict=True):
        digest = entry_digest(entry, entry_key)
        if digest not in known and digest not in digests:
            try:
                articles.append(ready(entry, entry_key))
            except MemoryError:
                raise
            except Exception as error:
                # One entry that trips over a fault of ours must not take its whole feed along.
                problems.append(one_line(f"entry {entry_key} left out: {type(error).__name__}: {error}", 300))
                continue
        digests.add(digest)
    return tuple(articles), frozenset(digests), frozenset(map(text_digest, keys)), tuple(problems)


# Boilerplate shows in a handful of entries. Where fewer are new, the others help to see it.
_ENTRIES_TO_SEE_BOILERPLATE = 6


def boilerplate_of(entries: Sequence[ParsedEntry], articles: Sequence[Article]) -> frozenset[int]:
    """What `likeness.boilerplate` finds in a document of which these are the new articles; nothing where none is."""
    if not articles:
        return frozenset()
    texts = [(article.title, article.text) for article in articles]
    if len(texts) < _ENTRIES_TO_SEE_BOILERPLATE:
        texts += [(title_text(entry.title), body_text(entry)) for entry in entries[:_ENTRIES_TO_SEE_BOILERPLATE]]
    return boilerplate(texts)


def comparable(article: Article, boilerplate: Collection[int]) -> Article:
    """The article with what its copies, and other reports of what it reports, are found by."""
    return replace(
        article,
        signature=signature(article.title, article.text, boilerplate=boilerplate),
        headline=headline(article.title, article.text),
    )


def oldest_first(articles: Sequence[Article]) -> tuple[Article, ...]:
    """By date when all have one; else from the end of the document, since feeds put the newest on top."""
    upwards = list(reversed(articles))
    dates = [article.published_at for article in upwards if article.published_at is not None]
    if len(dates) < len(upwards):
        return tuple(upwards)
    # Entries of the same instant stay as they are: the sort is stable.
    return tuple(article for _, article in sorted(zip(dates, upwards, strict=True), key=lambda dated: dated[0]))


def enrich(
    articles: Sequence[Article],
    *,
    outlet: Outlet,
    rules: RuleSet,
    languages: Sequence[str],
    history: Mapping[str, int] | None = None,
    detector: Detector = DETECTORS[LANGDETECT],
    surroundings: Surroundings | None = None,
) -> tuple[Enrichment, ...]:
    """Language and matches of each article, the story and the event it belongs to, in step with `articles`.

    `outlet` is the feed they come from, `history` its languages as in `detect`. Without `surroundings` no story and no
    event is looked for.
    """
    guesses = detect_all(
        [(article.title, article.text, article.declared_language) for article in articles],
        candidates=languages,
        history=history or {},
        outlet=outlet.title,
        detector=detector,
    )
    tongues = [guess.language for guess in guesses]
    kin = kinship(articles, tongues, surroundings) if surroundings else [(None, None)] * len(articles)
    enriched = []
    for article, language, (story, event) in zip(articles, guesses, kin, strict=True):
        matches, failures = rules.judge(document_of(article, outlet, language.language), at=article.seen_at)
        enriched.append(Enrichment(language=language, matches=matches, failures=failures, story=story, event=event))
    return tuple(enriched)


def read_page(
    body: bytes,
    *,
    url: str,
    content_type: str | None,
    wanted: PageWanted,
    outlet: Outlet,
    rules: RuleSet,
    languages: Sequence[str],
    detector: Detector = DETECTORS[LANGDETECT],
) -> FullText | NoPage:
    """The full text of an article from its page, with its language and what the rules find in it; or why there is none.

    The title stays the feed's. `outlet` is the feed that asked for the page.
    """
    page = extract(body, url=url, content_type=content_type)
    if isinstance(page, NoPage):
        return page
    text = full_text(page, title=wanted.article.title, feed_text=wanted.article.text)
    if isinstance(text, NoPage):
        return text
    # The feed comes first: pages declare the language of the template they were begun from.
    declared = wanted.article.declared_language or page.language
    whole = replace(wanted.article, text=text, declared_language=declared)
    (enrichment,) = enrich([whole], outlet=outlet, rules=rules, languages=languages, detector=detector)
    return FullText(text=text, signature=signature(whole.title, text), enrichment=enrichment)


class Workers:
    """`read`, `enrich` and `read_page` in `count` processes; 0 does them in the caller, holding up everything."""

    def __init__(self, count: int, brief: Brief, *, limits: JobLimits = JobLimits()) -> None:
        self._limits = limits
        self._brief = brief
        self._desk: _Desk | None = None  # ours, when there are no processes
        self._pool: Pool[Brief, _Desk] | None = None
        if count:
            self._pool = Pool(
                count, brief=brief, prepare=_prepare, preload=["monitor.preload"], memory_bytes=limits.memory_bytes
            )

    async def start(self) -> None:
        """Starts the processes and lets them learn the brief. Raises WorkerFailed when one cannot."""
        if self._pool:
            await self._pool.start()
        else:
            self._desk = _prepare(self._brief)

    async def aclose(self) -> None:
        """Ends the processes; jobs under way fail."""
        if self._pool:
            await self._pool.aclose()

    async def replace(self, brief: Brief) -> None:
        """From now on jobs are done by this brief. Those under way end by the old one; none that waits is lost."""
        self._brief = brief
        if self._pool:
            self._pool.brief = brief
        else:
            self._desk = _prepare(brief)

    async def read(
        self,
        body: bytes,
        *,
        url: str,
        content_type: str | None,
        feed: str,
        feed_language: str | None,
        known: frozenset[int],
        truncated: str | None,
        now: datetime,
    ) -> ReadFeed | NotAFeed:
        """What `read` gives. Raises WorkerFailed when the document was too much for a worker."""
        job = partial(
            _read,
            body=body,
            url=url,
            content_type=content_type,
            feed=feed,
            feed_language=feed_language,
            known=known,
            truncated=truncated,
            now=now,
        )
        return await self._do(job, self._limits.seconds + self._limits.seconds_per_megabyte * len(body) / 1e6)

    async def enrich(
        self,
        articles: Sequence[Article],
        *,
        outlet: Outlet,
        history: Mapping[str, int] | None = None,
        surroundings: Surroundings | None = None,
    ) -> tuple[Enrichment, ...]:
        """What `enrich` gives by the brief's rules and languages. Raises WorkerFailed when it was too much."""
        job = partial(
            _enrich,
            articles=tuple(articles),
            outlet=outlet,
            history=dict(history or {}),
            surroundings=surroundings,
        )
        return await self._do(job, self._limits.seconds + self._limits.seconds_per_article * len(articles))

    async def read_page(
        self, body: bytes, *, url: str, content_type: str | None, wanted: PageWanted, outlet: Outlet
    ) -> FullText | NoPage:
        """What `read_page` gives by the brief's rules and languages. Raises WorkerFailed when it was too much."""
        job = partial(_read_page, body=body, url=url, content_type=content_type, wanted=wanted, outlet=outlet)
        return await self._do(job, self._limits.seconds + self._limits.seconds_per_megabyte * len(body) / 1e6)

    async def compose(self, jobs: Sequence[Job]) -> tuple[NewMessage, ...]:
        """What `compose` gives for each, in step: laying out a mail takes over a millisecond. Raises WorkerFailed."""
        stories = sum(len(job.bundle.deliveries) for job in jobs)
        seconds = self._limits.seconds + self._limits.seconds_per_article * stories
        return await self._do(partial(_compose, jobs=tuple(jobs)), seconds)

    async def story_of(self, article: Article, near: Sequence[Near]) -> Join | None:
        """What `likeness.story_of` gives. Raises WorkerFailed when it was too much."""
        return await self._do(partial(_story_of, article=article, near=tuple(near)), self._limits.seconds)

    async def candidates(self, body: bytes, *, url: str, content_type: str | None) -> tuple[Candidate, ...]:
        """What `discover.candidates` gives. Raises WorkerFailed when the page was too much for a worker."""
        job = partial(_candidates, body=body, url=url, content_type=content_type)
        return await self._do(job, self._limits.seconds + self._limits.seconds_per_megabyte * len(body) / 1e6)

    async def _do(self, job: Callable[[_Desk], Result], time: timedelta) -> Result:
        if self._pool:
            return await self._pool.do(job, seconds=time.total_seconds())
        assert self._desk is not None, "start() comes first"
        match attempt(job, self._desk):
            case Done(result):
                return result
            case Failed(why):
                raise WorkerFailed(why)


# ── in the worker process ────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Desk:
    """The brief, ready for use."""

    languages: tuple[str, ...]
    rules: RuleSet
    links: LinkRules
    detector: Detector


def _prepare(brief: Brief) -> _Desk:
    detector = DETECTORS[brief.detector]
    _make_room(detector.memory_bytes)
    warm_up(detector)
    if brief.fulltext:
        with suppress(ImportError):  # a broken installation costs the pages, which then say so, and not the feeds
            warm_up_pages()
        # It reports every page without a text as an error; we have a value for that.
        logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    return _Desk(
        languages=brief.languages,
        rules=RuleSet.of(brief.rules, brief.aliases),
        links=brief.links,
        detector=detector,
    )


@cache
def _make_room(memory_bytes: int) -> None:
    """Lets this process have so much more memory, once; a process without a limit needs none."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    if soft != resource.RLIM_INFINITY:
        more = soft + memory_bytes
        resource.setrlimit(resource.RLIMIT_AS, (more if hard == resource.RLIM_INFINITY else min(more, hard), hard))


def _read(desk: _Desk, **given: Any) -> ReadFeed | NotAFeed:
    return read(**given, links=desk.links)


def _candidates(desk: _Desk, **given: Any) -> tuple[Candidate, ...]:
    return candidates(**given)


def _enrich(desk: _Desk, *, articles: Sequence[Article], **given: Any) -> tuple[Enrichment, ...]:
    return enrich(articles, rules=desk.rules, languages=desk.languages, detector=desk.detector, **given)


def _story_of(desk: _Desk, *, article: Article, near: Sequence[Near]) -> Join | None:
    return story_of(article, near)


def _read_page(desk: _Desk, **given: Any) -> FullText | NoPage:
    return read_page(rules=desk.rules, languages=desk.languages, detector=desk.detector, **given)


def _compose(desk: _Desk, *, jobs: Sequence[Job]) -> tuple[NewMessage, ...]:
    return tuple(map(compose, jobs))
