"""What is exported can be read by others: as feeds, tables and lines, with names that stay in their folder."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.archive import Archive, open_archive
from monitor.errors import ExportError
from monitor.export import Row, feed, lines, parquet, rows
from monitor.feedout import file_name
from monitor.model import ParsedFeed
from monitor.parse import parse
from monitor.text import clean
from tests.archive.builders import fill
from tests.commands import monitor
from tests.factories import NOW

HOSTILE = '<script>alert(1)</script> & "quotes" ]]> ق 北约 =1+1'

A_ROW = Row(
    id=7,
    first_seen_at="2026-11-22T12:00:00Z",
    published_at="2026-11-22T11:00:00Z",
    updated_at=None,
    language="fr",
    title=HOSTILE,
    link="https://gazette.example/7?a=1&b=2",
    feed="gazette",
    outlet="La Gazette",
    country="FR",
    carriers=2,
    authors=["Claire <Martin>", "AFP"],
    rules=["otan", "ukraine"],
    story=7,
    excerpt="… l’OTAN …",
    text="Un <b>\nDeux",
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "db" / "archive.db"
    path.parent.mkdir()
    with closing(open_archive(str(path), now=NOW)) as archive:
        fill(archive)
    return path


@pytest.fixture
def archive(path: Path) -> Iterator[Archive]:
    with closing(open_archive(str(path), access="read", now=NOW)) as opened:
        yield opened


def read(body: bytes, kind: str) -> ParsedFeed:
    """A feed as we read others'."""
    parsed = parse(body, content_type=kind, url="https://monitor.example/feed")
    assert isinstance(parsed, ParsedFeed)
    return parsed


KINDS = {"rss": "application/rss+xml", "atom": "application/atom+xml", "json": "application/feed+json"}


@pytest.mark.parametrize("form", KINDS)
def test_a_feed_can_be_read_back_whatever_its_articles_hold(form: str) -> None:
    body = feed([A_ROW], form, title="OTAN & Ukraine", contact="desk@news.example", now=NOW)

    parsed = read(body, KINDS[form])
    (entry,) = parsed.entries
    assert parsed.title == "OTAN & Ukraine"
    assert entry.guid == "tag:news.example,2026:monitor/article/7"
    assert entry.title == HOSTILE
    assert entry.link == "https://gazette.example/7?a=1&b=2"
    assert entry.published == datetime(2026, 11, 22, 11, tzinfo=UTC)
    assert set(entry.authors) == {"Claire <Martin>", "AFP"}
    assert set(entry.categories) == {"otan", "ukraine"}
    assert b"<script>" not in body or form == "json"


@pytest.mark.parametrize("form", KINDS)
@pytest.mark.parametrize("link", ["javascript:alert(1)", "file:///etc/passwd", None, ""])
def test_no_link_is_given_that_must_not_be_followed(form: str, link: str | None) -> None:
    body = feed([replace(A_ROW, link=link)], form, title="t", contact=None, now=NOW)

    assert b"javascript:" not in body
    assert b"file:" not in body
    assert len(read(body, KINDS[form]).entries) == 1


@pytest.mark.parametrize("form", KINDS)
def test_a_feed_without_articles_is_one(form: str) -> None:
    assert read(feed([], form, title="t", contact=None, now=NOW), KINDS[form]).entries == ()


def test_csv_and_json_lines_say_the_same() -> None:
    (row,) = csv.DictReader(io.StringIO("".join(lines([A_ROW], "csv"))))
    (line,) = map(json.loads, lines([A_ROW], "jsonl"))

    assert row["title"] == line["title"] == HOSTILE
    assert json.loads(row["rules"]) == line["rules"] == ["otan", "ukraine"]
    assert row["text"] == line["text"] == "Un <b>\nDeux"
    assert row["updated_at"] == ""
    assert line["updated_at"] is None


def test_no_cell_of_a_csv_is_a_formula() -> None:
    (row,) = csv.DictReader(io.StringIO("".join(lines([replace(A_ROW, title="=HYPERLINK(1)", excerpt="-1")], "csv"))))

    assert (row["title"], row["excerpt"]) == ("'=HYPERLINK(1)", "'-1")


def test_a_rules_articles_come_with_the_passage_it_found_and_the_rules_that_did(archive: Archive) -> None:
    found = list(rows(archive, ((row, None) for row in archive.search(None, rule="otan")), rule="otan"))

    (row,) = found
    assert row.rules == ["otan", "ukraine"]
    assert row.excerpt == "… de l’Ukraine."
    assert row.carriers == 2
    assert row.text is None


def test_a_story_is_told_once(archive: Archive) -> None:
    every = [row.story for row in rows(archive, ((row, None) for row in archive.search(None)))]
    once = [row.story for row in rows(archive, ((row, None) for row in archive.search(None)), stories=True)]

    assert len(once) == len(set(every))


@pytest.mark.skipif(find_spec("duckdb") is None, reason="DuckDB is not installed: make analytics")
def test_parquet_holds_every_column_and_value(tmp_path: Path) -> None:
    import duckdb

    target = tmp_path / "it's.parquet"
    written = parquet([A_ROW, replace(A_ROW, id=8, link=None, text=None, rules=[])], target)

    with duckdb.connect() as database:
        found = database.execute("SELECT * FROM read_parquet(?) ORDER BY id", [str(target)]).fetchall()
    assert written == 2
    assert found[0] == tuple(getattr(A_ROW, name) for name in Row.__slots__)
    assert found[1][0] == 8
    assert [each.name for each in tmp_path.iterdir()] == ["it's.parquet"]


@pytest.mark.skipif(find_spec("duckdb") is not None, reason="DuckDB is installed")
def test_without_duckdb_parquet_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"media-monitor\[analytics\]"):
        parquet([A_ROW], tmp_path / "x.parquet")


# ── names ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "name",
    ["../../x", "/etc/passwd", "a" * 300, "a\0b", "😀", "", "..", ".", "CON", "ё" * 300, "a/b\\c", "-rf", "\ud800"],
)
def test_whatever_a_rule_is_called_its_file_is_in_the_folder(name: str, tmp_path: Path) -> None:
    target = tmp_path / file_name(name, "csv")
    target.write_text("x")

    assert target.resolve().parent == tmp_path
    assert len(target.name.encode()) <= 200
    assert not target.name.startswith(("-", "."))


@pytest.mark.parametrize("name", ["Ukraine", "otan-ukraine", "Енергетика", "北约", "a_b"])
def test_an_honest_name_is_kept(name: str) -> None:
    assert file_name(name, "csv") == f"{name}.csv"


@given(st.lists(st.text(max_size=30).map(clean), min_size=2, max_size=5, unique=True))
def test_two_names_are_two_files(names: list[str]) -> None:
    assert len({file_name(name, "csv") for name in names}) == len(names)


# ── the command ──────────────────────────────────────────────────────────────────────────────────────────────────────

SETTINGS = """
monitor: {contact: desk@example.org}
feeds: [{key: gazette, url: "https://gazette.example/rss.xml"}]
aliases: {ALLIANCE: [OTAN, NATO]}
"""


@pytest.fixture
def folder(path: Path) -> Path:
    folder = path.parent.parent
    (folder / "feeds.yaml").write_text(SETTINGS)
    return folder


def test_a_query_a_rule_or_all_is_exported(folder: Path) -> None:
    every = monitor("export", cwd=folder)
    asked = monitor("export", "@ALLIANCE", "--format", "jsonl", cwd=folder)
    of_rule = monitor("export", "--rule", "ukraine", "--format", "rss", "--limit", "2", cwd=folder)

    assert len(list(csv.DictReader(io.StringIO(every.out)))) == 4
    assert [json.loads(line)["id"] for line in asked.out.splitlines()] == [1]
    assert of_rule.out.count("<item>") == 2
    assert (every.status, every.err) == (0, "")


def test_a_file_is_written_whole_or_not_at_all(folder: Path) -> None:
    done = monitor("export", "--output", "all.csv", cwd=folder)
    refused = monitor("export", "--output", "nowhere/all.csv", cwd=folder)

    assert (done.out, done.status) == ("", 0)
    assert (folder / "all.csv").read_text().startswith("id,first_seen_at")
    assert refused.status == 1
    assert "nowhere/all.csv cannot be written: No such file or directory." in refused.err
    assert not list(folder.glob("*.part"))


def test_every_rule_has_its_file(folder: Path) -> None:
    done = monitor("export", "--each-rule", "out", "--format", "json", cwd=folder)

    assert sorted(each.name for each in (folder / "out").iterdir()) == ["otan.json", "ukraine.json"]
    assert done.err == "2 files in out\n"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("(otan",), "never closed"),
        (("--each-rule", "x", "--rule", "otan"), "goes with neither"),
        (("--format", "parquet"), "name a file with --output"),
        (("--format", "xls"), "is not one of"),
    ],
)
def test_what_cannot_be_exported_says_what_to_write(command: tuple[str, ...], said: str, folder: Path) -> None:
    result = monitor("export", *command, cwd=folder)

    assert result.status == 2
    assert said in result.err
