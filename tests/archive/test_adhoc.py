"""People's own SQL can ask everything and change nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from monitor.archive import Archive, open_archive
from monitor.archive.adhoc import cookbook, run_sql
from monitor.errors import ArchiveError, QueryRefused
from tests.archive.builders import an_outcome, fill, found, numbered
from tests.factories import NOW

FOREVER = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT {} FROM n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "archive.db"


@pytest.fixture
def writing(path: Path) -> Iterator[Archive]:
    """A filled archive that is held open for writing, as the daemon holds it."""
    with closing(open_archive(str(path), now=NOW)) as archive:
        fill(archive)
        yield archive


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        pytest.param("SELECT key FROM feeds WHERE state = 'failing'", [("down",)], id="a table"),
        pytest.param("WITH a AS (SELECT 1 AS x) SELECT x + 1 FROM a;", [(2,)], id="a CTE, with its semicolon"),
        pytest.param("SELECT rowid FROM articles_fts WHERE articles_fts MATCH 'otan'", [(1,)], id="the full text"),
        pytest.param("SELECT count(*) FROM articles_fts('titre') ORDER BY rank", [(3,)], id="the full text, ranked"),
        pytest.param("SELECT value FROM feeds, json_each(tags)", [("press",)], id="a list"),
        pytest.param("SELECT name FROM pragma_table_info('hosts') LIMIT 1", [("host",)], id="the schema"),
        pytest.param("VALUES (1), (2)", [(1,), (2,)], id="values"),
        pytest.param("SELECT date('2026-11-22', '-1 day')", [("2026-11-21",)], id="a function"),
    ],
)
def test_a_question_is_answered_while_the_daemon_writes(
    sql: str, rows: list[tuple[object, ...]], writing: Archive, path: Path
) -> None:
    assert list(run_sql(path, sql)[1]) == rows


def test_columns_are_named(writing: Archive, path: Path) -> None:
    columns, rows = run_sql(path, "SELECT key, count(*) AS many FROM feeds")
    list(rows)

    assert columns == ("key", "many")


def test_what_is_read_does_not_change_while_the_daemon_goes_on_writing(writing: Archive, path: Path) -> None:
    _, rows = run_sql(path, "SELECT id FROM articles ORDER BY id")
    first = next(rows)
    writing.record(an_outcome(found(numbered(9))))

    assert [first, *rows] == [(1,), (2,), (3,), (4,)]


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("DELETE FROM articles", "change the archive"),
        ("INSERT INTO hosts (host) VALUES ('x')", "change the archive"),
        ("UPDATE feeds SET state = 'ok'", "change the archive"),
        ("DROP TABLE articles", "change the archive"),
        ("CREATE TEMP TABLE x (y)", "change the archive"),
        ("INSERT INTO articles_fts (articles_fts) VALUES ('rebuild')", "change the archive"),
        ("UPDATE sqlite_master SET sql = ''", "may not be modified"),
        ("REINDEX", "change the archive"),
        ("ATTACH 'other.db' AS other", "ATTACH another file"),
        ("VACUUM INTO 'copy.db'", "ATTACH another file"),
        ("VACUUM", "ATTACH another file"),
        ("PRAGMA query_only = OFF", "use a PRAGMA"),
        ("PRAGMA writable_schema = ON", "use a PRAGMA"),
        ("PRAGMA wal_checkpoint(TRUNCATE)", "use a PRAGMA"),
        ("BEGIN IMMEDIATE", "begin or end a transaction"),
        ("SELECT load_extension('x')", "call a function that is not allowed"),
        ("SELECT 1; DELETE FROM articles", "one statement at a time"),
        ("", "Write one SELECT"),
        ("-- only a comment", "Write one SELECT"),
        ("SELEC 1", 'near "SELEC": syntax error'),
        ("SELECT colour FROM articles", "no such column: colour"),
        ("SELECT * FROM articles_fts WHERE articles_fts MATCH '\"'", "unterminated string"),
        ("SELECT hex(zeroblob(100000000))", "too long"),
        ("SELECT " + ", ".join(["1"] * 300), "too many columns"),
    ],
)
def test_a_query_that_does_more_than_read_is_refused(
    sql: str, why: str, writing: Archive, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir()), writing.status(NOW)

    with pytest.raises(QueryRefused) as refusal:
        list(run_sql(path, sql)[1])

    assert why in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert (sorted(tmp_path.iterdir()), writing.status(NOW)) == before


@pytest.mark.parametrize("wanted", ["count(*)", "i"], ids=["before its first row", "between two rows"])
def test_a_query_that_never_ends_is_ended(wanted: str, writing: Archive, path: Path) -> None:
    with pytest.raises(QueryRefused, match=r"longer than 0 s\. Narrow it"):
        list(run_sql(path, FOREVER.format(wanted), seconds=0, rows=None)[1])


def test_too_many_rows_are_refused_and_not_cut_off_in_silence(writing: Archive, path: Path) -> None:
    _, rows = run_sql(path, FOREVER.format("i"), rows=3)

    assert [next(rows) for _ in range(3)] == [(1,), (2,), (3,)]
    with pytest.raises(QueryRefused, match="more than 3 rows"):
        next(rows)


def test_exactly_as_many_rows_as_allowed_are_fine(writing: Archive, path: Path) -> None:
    assert len(list(run_sql(path, "SELECT key FROM feeds", rows=4)[1])) == 4


def test_parameters_are_bound_and_those_not_given_are_null(writing: Archive, path: Path) -> None:
    _, rows = run_sql(path, "SELECT :word, :other", params={"word": "'; DROP TABLE feeds; --"})

    assert list(rows) == [("'; DROP TABLE feeds; --", None)]


def test_asking_needs_an_archive(path: Path) -> None:
    with pytest.raises(ArchiveError, match="does not exist"):
        run_sql(path, "SELECT 1")

    assert not path.exists()


def test_the_cookbook_names_its_questions() -> None:
    recipes = {recipe.name: recipe for recipe in cookbook()}

    assert recipes["matched-today"].title == "What matched today, newest first?"
    assert recipes["matched-today"].sql.startswith("-- What matched today")
