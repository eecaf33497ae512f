"""`monitor search`: the language of the rules over the archive."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING

import click

from monitor import show
from monitor.cli.matching import Progress, print_hit, progress
from monitor.cli.session import Age, Session, json_option, now, pass_session
from monitor.errors import ConfigError, RuleError
from monitor.search import Facets, Hit, best, by_key, facets, hit_of, search

if TYPE_CHECKING:
    from monitor.archive import SearchRow
    from monitor.config import Config
    from monitor.model import Match

_MOST_DAYS = 31  # shown to people; machines get all


@click.command("search")
@click.argument("query")
@click.option("--since", type=Age(), metavar="AGE", help="Only articles first seen in the last 30d, 12h, …")
@click.option("--feed", metavar="KEY", help="Only articles that this feed carries.")
@click.option("--lang", metavar="TAG", help="Only articles in this language, such as fr.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="At most this many.")
@click.option("--best", "ranked", is_flag=True, help="Of the newest 1,000, those first that are most about it.")
@click.option("--facets", "counted", is_flag=True, help="Count them by language, feed, rule and day instead.")
@json_option
@click.option("--csv", "as_csv", is_flag=True, help="Comma-separated values.")
@click.option("-0", "nul", is_flag=True, help="Links only (numbers where there is none), each ended by NUL: xargs -0.")
@pass_session
def search_command(
    session: Session,
    query: str,
    since: timedelta | None,
    feed: str | None,
    lang: str | None,
    limit: int,
    ranked: bool,
    counted: bool,
    as_json: bool,
    as_csv: bool,
    nul: bool,
) -> None:
    """Search the archive with the rule language, newest first."""
    if as_json + as_csv + nul > 1:
        raise click.UsageError("--json, --csv and -0 are three ways to print: choose one")
    if counted and (ranked or nul):
        raise click.UsageError("--facets counts articles, so it goes with neither --best nor -0")
    config = _config(session)
    with session.reading() as archive, progress(now(), archive.earliest(None)) as line:
        try:
            found = search(
                archive,
                query,
                aliases=config.aliases if config else {},
                feeds=by_key(config.feeds if config else ()),
                since=now() - since if since else None,
                feed=feed,
                language=lang,
                reached=line.reached,
            )
        except RuleError as error:
            raise click.UsageError(f"query, {error}") from None
        found = _counted_on(line, found)
        if counted:
            counts = facets(archive, found)
        else:
            shown = best(found)[:limit] if ranked else islice(found, limit)
            hits = [hit_of(row, match) for row, match in shown]
    if counted:
        _print_facets(counts, as_json=as_json, as_csv=as_csv)
    elif as_json:
        show.as_json(hits)
    elif as_csv:
        show.as_csv([each.name for each in fields(Hit)], map(_cells, hits))
    elif nul:
        sys.stdout.write("".join(f"{hit.link or hit.id}\0" for hit in hits))
    else:
        for hit in hits:
            print_hit(hit)
        more = "; --limit shows more" if len(hits) == limit else ""
        show.note(f"{show.counted(len(hits), 'article')}{more}" if hits else "no article matches")


def _config(session: Session) -> Config | None:
    """The configuration; None when the archive was named on the command line and there is no file."""
    try:
        return session.config
    except ConfigError:
        if session.archive is None:
            raise
        return None


def _counted_on(line: Progress, found: Iterator[tuple[SearchRow, Match]]) -> Iterator[tuple[SearchRow, Match]]:
    for each in found:
        line.matches += 1
        yield each


def _cells(hit: Hit) -> Sequence[object]:
    return [getattr(hit, each.name) for each in fields(hit)]


def _print_facets(counts: Facets, *, as_json: bool, as_csv: bool) -> None:
    if as_json:
        show.as_json(counts)
        return
    of: Mapping[str, Mapping[str, int]] = {
        "language": counts.languages,
        "feed": counts.feeds,
        "rule": counts.rules,
        "day": counts.days,
    }
    if as_csv:
        rows = ((name, value, articles) for name, values in of.items() for value, articles in values.items())
        show.as_csv(["facet", "value", "articles"], rows)
    else:
        for name, values in of.items():
            if values:
                show.table([name, "articles"], islice(values.items(), _MOST_DAYS), right=("articles",))
                if len(values) > _MOST_DAYS:
                    show.line(f"and {len(values) - _MOST_DAYS} more; --json or --csv shows all")
                show.line()
    if not counts.articles:
        show.note("no article matches")
    elif counts.complete:
        show.note(show.counted(counts.articles, "article"))
    else:
        show.note(f"these are the newest {counts.articles:,}, back to {counts.oldest_at:%Y-%m-%d}; there are more")
