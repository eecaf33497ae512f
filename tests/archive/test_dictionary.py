"""The data dictionary says of every column what the schema says."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest

from monitor.archive.migrations import NOT_OURS, migrate, schema_sql

DB = Path(__file__).parents[2] / "db"


def schema() -> dict[str, dict[str, bool]]:
    """Table → column → whether it can be null."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection)
    names = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    tables = {
        name: {
            column: not (required or primary or name == "articles_fts")
            for _, column, _, required, _, primary in connection.execute(f"PRAGMA table_info({name})")
        }
        for name in names
        if not name.startswith(NOT_OURS)
    }
    connection.close()
    return tables


def views() -> dict[str, set[str]]:
    """View → its columns."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection)
    names = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'view'")]
    found = {name: {row[1] for row in connection.execute(f"PRAGMA table_info({name})")} for name in names}
    connection.close()
    return found


def section(name: str) -> str:
    """What db/README.md says of a table or view."""
    (text,) = (
        each
        for each in re.split(r"^### ", (DB / "README.md").read_text(), flags=re.MULTILINE)[1:]
        if each.partition("\n")[0] == name
    )
    return text.partition("\n## ")[0]


@pytest.mark.parametrize("view", sorted(views()))
def test_every_column_of_a_view_is_described_and_no_other(view: str) -> None:
    described = {
        column
        for cells in re.findall(r"^\| (`[^|]+) \|", section(view), flags=re.MULTILINE)
        for column in re.findall(r"`(\w+)`", cells)
    }

    assert described == views()[view]


@pytest.mark.parametrize("view", sorted(views()))
def test_every_view_says_in_the_schema_what_it_is(view: str) -> None:
    assert re.search(rf"^CREATE VIEW {view} AS -- \S", schema_sql(), re.MULTILINE)


def dictionary() -> dict[str, dict[str, bool]]:
    """Table → column → whether it can be null, as db/README.md says."""
    tables = {}
    for section in re.split(r"^### ", (DB / "README.md").read_text(), flags=re.MULTILINE)[1:]:
        rows = re.findall(r"^\| `(\w+)` \| (.+) \|(?:.*)\| (.+) \|$", section, flags=re.MULTILINE)
        if section.partition("\n")[0] in views():
            continue
        tables[section.split("\n")[0]] = {column: null != "never" for column, _, null in rows}
    return tables


def test_every_table_is_described() -> None:
    assert sorted(dictionary()) == sorted(schema())


@pytest.mark.parametrize("table", sorted(schema()))
def test_every_column_is_described_with_whether_it_can_be_null(table: str) -> None:
    assert dictionary()[table] == schema()[table]


def test_every_column_has_its_comment_in_the_schema() -> None:
    statements = schema_sql().split(";\n")

    for table, columns in schema().items():
        (statement,) = (
            each for each in statements if re.search(rf"^CREATE (VIRTUAL )?TABLE {table} ", each, re.MULTILINE)
        )
        for column in columns:
            # SQLite puts a comma before a column that was added later.
            comment = re.search(rf"^[ ,] {column}\b[^\n]*-- \S", statement, re.MULTILINE)
            assert comment, f"{table}.{column} has no comment"


def test_every_table_is_strict() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection)

    strict = {name for _, name, _, _, _, strict in connection.execute("PRAGMA table_list") if strict}
    connection.close()

    assert strict == set(schema()) - {"articles_fts"}  # views are not


def test_the_schema_for_people_is_that_of_the_migrations() -> None:
    assert (DB / "schema.sql").read_text() == schema_sql(), (
        "write it anew: python -m monitor.archive.migrations > db/schema.sql"
    )
