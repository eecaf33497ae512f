"""Articles for other programs: what a rule matched, what a search finds, or all, in the forms of `monitor export`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from monitor.archive import SearchRow
from monitor.errors import RuleError
from monitor.export import feed, lines, parquet, rows
from monitor.feedout import file_name
from monitor.model import Match
from monitor.web.finding import SPANS, Within, searched
from monitor.web.site import Ask, BadRequest, Site

TYPES = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/x-ndjson; charset=utf-8",
    "rss": "application/rss+xml; charset=utf-8",
    "atom": "application/atom+xml; charset=utf-8",
    "json": "application/feed+json; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
}
SUFFIXES = {"rss": "rss.xml", "atom": "atom.xml", "json": "json"}
IN_A_FEED = 100
MOST = 5_000  # articles; the command has no such limit


@dataclass(frozen=True, slots=True)
class File:
    """What is given out."""

    body: bytes
    type: str
    name: str
    shown: bool  # False: to be kept as a file


def export(site: Site, ask: Ask) -> File:
    """The file that was asked for. Raises BadRequest."""
    form = ask.named["form"]
    query, rule = ask.given.get("q", ""), ask.given.get("rule") or None
    most = min(ask.number("limit") or (IN_A_FEED if form in SUFFIXES else MOST), MOST)
    _, span = ask.one_of("span", SPANS, "all")
    since = ask.now - span if span else None
    config = site.config
    with site.reading() as archive:
        matched: Iterator[tuple[SearchRow, Match | None]]
        try:
            if query:
                matched = iter(searched(site, ask, archive, Within(None)))
            else:
                found = archive.search(
                    None,
                    since=since,
                    feed=ask.given.get("feed") or None,
                    language=ask.given.get("lang") or None,
                    rule=rule,
                )
                matched = ((row, None) for row in found)
        except RuleError as error:
            raise BadRequest(str(error)) from None
        told = rows(
            archive, matched, rule=rule, stories=bool(ask.given.get("stories")), with_text=bool(ask.given.get("text"))
        )
        told = islice(told, most)
        title = rule or query or "monitor"
        if form == "parquet":
            with TemporaryDirectory(prefix="export-") as folder:
                target = Path(folder) / "articles.parquet"
                parquet(told, target)
                body = target.read_bytes()
        elif form in SUFFIXES:
            body = feed(told, form, title=title, contact=config.contact if config else None, now=ask.now)
        else:
            body = "".join(lines(told, form)).encode()
    return File(body, TYPES[form], file_name(title, SUFFIXES.get(form, form)), shown=form in SUFFIXES)
