"""Articles out of the archive, for other programs: what a query finds, what a rule matched, or all; or a story each."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from monitor.errors import ExportError
from monitor.feedout import Entry, Feed, atom, json_feed, rss
from monitor.sheets import inert
from monitor.text import excerpt

if TYPE_CHECKING:
    from monitor.archive import Archive, SearchRow
    from monitor.model import Match

FORMATS = ("csv", "jsonl", "rss", "atom", "json", "parquet")
_BATCH = 200  # articles whose matches are asked for at once
_LEAD = 300  # characters
NO_DUCKDB = "Parquet is written by DuckDB, which is not installed. Install it: pip install 'media-monitor[analytics]'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An article, as it is exported: the columns of CSV and Parquet, and the keys of JSON lines."""

    id: int
    first_seen_at: str  # instants are UTC text, YYYY-MM-DDTHH:MM:SSZ
    published_at: str | None  # None: no believable date
    updated_at: str | None  # None: it never changed
    language: str  # BCP 47, or und
    title: str
    link: str | None
    feed: str  # its first carrier
    outlet: str  # that one's title
    country: str | None
    carriers: int  # how many feeds carry it
    authors: list[str]
    rules: list[str]  # those that matched it
    story: int
    excerpt: str  # around what was found; else the beginning
    text: str | None  # None: it was not asked for


def rows(
    archive: Archive,
    found: Iterable[tuple[SearchRow, Match | None]],
    *,
    rule: str | None = None,
    stories: bool = False,
    with_text: bool = False,
) -> Iterator[Row]:
    """What was found, as rows in its order. `stories`: the first of each story only. `rule` says whose excerpt."""
    told: set[int] = set()
    left = iter(found)
    while batch := list(islice(left, _BATCH)):
        passages = archive.passages(row.id for row, _ in batch)
        for row, match in batch:
            if stories and row.story in told:
                continue
            told.add(row.story)
            yield _row(row, match, passages.get(row.id, {}), rule, with_text=with_text)


def _row(row: SearchRow, match: Match | None, passages: Mapping[str, str], rule: str | None, *, with_text: bool) -> Row:
    if match is not None:
        spans = [(span.start, span.end) for span in match.spans if span.field == "text"]
        passage = excerpt(row.text, spans).text
    else:
        passage = passages.get(rule or "", "") or excerpt(row.text, (), width=_LEAD).text
    first = row.carriers[0]
    return Row(
        id=row.id,
        first_seen_at=_instant(row.first_seen_at),
        published_at=_instant(row.published_at) if row.published_at else None,
        updated_at=_instant(row.updated_at) if row.updated_at else None,
        language=row.language,
        title=row.title,
        link=row.link,
        feed=first.feed,
        outlet=first.title or first.feed,
        country=first.country,
        carriers=len(row.carriers),
        authors=list(row.authors),
        rules=sorted(passages),
        story=row.story,
        excerpt=passage,
        text=row.text if with_text else None,
    )


def _instant(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


# ── forms ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def lines(found: Iterable[Row], form: str) -> Iterator[str]:
    """CSV (RFC 4180; no cell is a formula, lists are JSON) or JSON lines, as they come."""
    if form == "jsonl":
        for row in found:
            yield json.dumps(asdict(row), ensure_ascii=False) + "\n"
        return
    names = [each.name for each in fields(Row)]
    yield _csv(names)
    for row in found:
        values = asdict(row)
        yield _csv(
            json.dumps(value, ensure_ascii=False) if isinstance(value, list) else inert(value)
            for value in values.values()
        )


def _csv(cells: Iterable[object]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()


def feed(found: Iterable[Row], form: str, *, title: str, contact: str | None, now: datetime) -> bytes:
    """RSS, Atom or JSON Feed. `contact` is the operator's mail address; None: it is not known."""
    domain = contact.rpartition("@")[2] if contact else "monitor.invalid"
    entries = [_entry(row, domain) for row in found]
    whole = Feed(
        id=f"tag:{domain},2026:monitor/{title}",
        title=title,
        home=f"mailto:{contact}" if contact else "https://monitor.invalid/",
        updated_at=max((entry.updated_at for entry in entries), default=now),
        entries=entries,
    )
    write: Mapping[str, Callable[[Feed], bytes]] = {"rss": rss, "atom": atom, "json": json_feed}
    return write[form](whole)


def _entry(row: Row, domain: str) -> Entry:
    seen = datetime.fromisoformat(row.first_seen_at)
    return Entry(
        id=f"tag:{domain},{seen:%Y}:monitor/article/{row.id}",
        title=row.title or row.excerpt[:80] or "(no title)",
        link=row.link,
        summary=row.excerpt,
        text=row.text,
        published_at=datetime.fromisoformat(row.published_at) if row.published_at else seen,
        updated_at=datetime.fromisoformat(row.updated_at) if row.updated_at else seen,
        language=None if row.language == "und" else row.language,
        authors=tuple(row.authors),
        categories=tuple(row.rules),
        outlet=row.outlet,
    )


_COLUMNS = {"int": "BIGINT", "str": "VARCHAR", "str | None": "VARCHAR", "list[str]": "VARCHAR[]"}


def parquet(found: Iterable[Row], target: Path) -> int:
    """Writes a Parquet file, whole or not at all; how many rows. Raises ExportError without DuckDB."""
    if find_spec("duckdb") is None:
        raise ExportError(NO_DUCKDB)
    import duckdb

    columns = {each.name: _COLUMNS[str(each.type)] for each in fields(Row)}
    written = 0
    with TemporaryDirectory(prefix="export-", dir=target.parent) as folder:
        source, made = Path(folder) / "rows.jsonl", Path(folder) / "rows.parquet"
        with source.open("w", encoding="utf-8") as file:
            for line in lines(found, "jsonl"):
                file.write(line)
                written += 1
        with duckdb.connect() as database:
            database.execute(
                "COPY (SELECT * FROM read_json(?, format = 'newline_delimited', columns = $columns,"
                " maximum_object_size = 100000000)) TO '' (FORMAT parquet)".replace("$columns", repr(columns)).replace(
                    "TO ''", "TO '" + str(made).replace("'", "''") + "'"
                ),
                [str(source)],
            )
        made.replace(target)
    return written


def write_file(target: Path, parts: Iterable[str | bytes]) -> None:
    """Writes a file, whole or not at all: under another name until it is complete."""
    part = Path(f"{target}.part")
    try:
        with part.open("wb") as file:
            for each in parts:
                file.write(each.encode() if isinstance(each, str) else each)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
