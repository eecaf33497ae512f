"""`monitor export`: articles for other programs."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor import show
from monitor.cli.session import Age, Session, now, pass_session
from monitor.errors import ExportError, RuleError
from monitor.export import FORMATS, Row, feed, lines, parquet, rows, write_file
from monitor.feedout import file_name
from monitor.search import by_key, search

if TYPE_CHECKING:
    from monitor.archive import Archive, SearchRow
    from monitor.model import Match

_IN_A_FEED = 100  # articles, unless told


@click.command("export")
@click.argument("query", required=False)
@click.option("--rule", metavar="NAME", help="Only what this rule matched, as was recorded.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="csv", show_default=True, help="What to write.")
@click.option("--since", type=Age(), metavar="AGE", help="Only articles first seen in the last 30d, 12h, …")
@click.option("--feed", "carrier", metavar="KEY", help="Only articles that this feed carries.")
@click.option("--lang", metavar="TAG", help="Only articles in this language, such as fr.")
@click.option("--limit", type=click.IntRange(1), help="At most this many; of RSS, Atom, JSON Feed 100 unless told.")
@click.option("--stories", is_flag=True, help="One article of each story, the newest.")
@click.option("--text", "with_text", is_flag=True, help="With their whole texts.")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="A file instead of standard output.")
@click.option(
    "--each-rule", "folder", type=click.Path(path_type=Path, file_okay=False), help="A file for each rule, in a folder."
)
@pass_session
def export(
    session: Session,
    query: str | None,
    rule: str | None,
    form: str,
    since: timedelta | None,
    carrier: str | None,
    lang: str | None,
    limit: int | None,
    stories: bool,
    with_text: bool,
    output: Path | None,
    folder: Path | None,
) -> None:
    """Write articles for other programs, newest first: what a QUERY in the rule language finds, what a --rule matched,
    or all. The daemon need not stop.
    """
    if folder is not None and (rule or output):
        raise click.UsageError("--each-rule writes a file for each rule: it goes with neither --rule nor --output")
    if form == "parquet" and output is None and folder is None:
        raise click.UsageError("--format parquet writes no text: name a file with --output")
    most = limit or (_IN_A_FEED if form in ("rss", "atom", "json") else None)
    at = now()

    def found(archive: Archive, name: str | None) -> Iterator[Row]:
        start = at - since if since else None
        matched: Iterator[tuple[SearchRow, Match | None]]
        if query is None:
            matched = ((row, None) for row in archive.search(None, since=start, feed=carrier, language=lang, rule=name))
        else:
            config = session.config
            feeds = by_key(config.feeds)
            matched = iter(
                search(
                    archive,
                    query,
                    aliases=config.aliases,
                    feeds=feeds,
                    since=start,
                    feed=carrier,
                    language=lang,
                    rule=name,
                )
            )
        return islice(rows(archive, matched, rule=name, stories=stories, with_text=with_text), most)

    with session.reading() as archive:
        try:
            if folder is None:
                _write(session, found(archive, rule), form, output, title=rule or query or "monitor", at=at)
                return
            names = sorted(archive.rule_hits(at))
            for name in names:
                target = folder / file_name(name, form)
                _make(folder)
                _write(session, found(archive, name), form, target, title=name, at=at)
        except RuleError as error:
            raise click.UsageError(f"query, {error}") from None
    show.note(f"{show.counted(len(names), 'file')} in {folder}")


def _write(session: Session, found: Iterator[Row], form: str, output: Path | None, *, title: str, at: datetime) -> None:
    try:
        if form == "parquet":
            assert output is not None
            parquet(found, output)
            return
        parts: Iterator[str | bytes] | Sequence[str | bytes]
        if form in ("csv", "jsonl"):
            parts = lines(found, form)
        else:
            parts = [feed(found, form, title=title, contact=_contact(session), now=at)]
        if output is not None:
            write_file(output, parts)
            return
        for part in parts:
            sys.stdout.write(part if isinstance(part, str) else part.decode())
    except OSError as error:
        raise ExportError(f"{output} cannot be written: {error.strerror}.") from error


def _contact(session: Session) -> str | None:
    return None if session.archive is not None else session.config.contact


def _make(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
