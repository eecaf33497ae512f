"""The schema, as numbered steps that are each applied once, in order.

A step is a module with `STATEMENTS`, run one by one in one transaction together with the record of having been applied
and the new `user_version`: a step that fails leaves no trace. `user_version` is the number of the last step applied.

Foreign keys are off while steps are applied, so that a table can be made anew (https://www.sqlite.org/lang_altertable.html,
"Making Other Kinds Of Table Schema Changes"), and each step is refused at its end if one of them does not hold.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING

from monitor.archive.migrations import (
    m0001_first,
    m0002_polling,
    m0003_pages,
    m0004_stories,
    m0005_settings,
    m0006_alike,
    m0007_refusals,
    m0008_outbox,
    m0009_watching,
    m0010_words,
    m0011_keeping,
    m0012_views,
    m0013_pruning,
)
from monitor.rules import fts_text

if TYPE_CHECKING:
    from sqlite_utils import Database

STEPS = (
    m0001_first,
    m0002_polling,
    m0003_pages,
    m0004_stories,
    m0005_settings,
    m0006_alike,
    m0007_refusals,
    m0008_outbox,
    m0009_watching,
    m0010_words,
    m0011_keeping,
    m0012_views,
    m0013_pruning,
)

SCHEMA_VERSION = len(STEPS)

# SQLite's and sqlite-utils' own tables, and those that FTS5 keeps the index of `articles_fts` in.
NOT_OURS = ("sqlite_", "_sqlite_", "articles_fts_")


def migrate(connection: sqlite3.Connection) -> tuple[str, ...]:
    """Brings an archive up to this version's schema; the names of the steps that were applied, in order."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == SCHEMA_VERSION:
        return ()
    # Imported only when there is something to do: loading sqlite-utils takes longer than most commands run.
    from sqlite_utils import Database, Migrations

    steps = Migrations("monitor")
    for number, step in enumerate(STEPS, start=1):
        name = step.__name__.rpartition(".")[2]
        steps(name=name)(_applying(step.STATEMENTS, number))
    connection.create_function("fts_text", 1, fts_text, deterministic=True)
    database = Database(connection, recursive_triggers=False, execute_plugins=False)
    pending = tuple(step.name for step in steps.pending(database))
    (enforced,) = connection.execute("PRAGMA foreign_keys").fetchone()
    connection.execute("PRAGMA foreign_keys = OFF")  # without effect inside a transaction, so it is done here
    try:
        steps.apply(database)
    finally:
        connection.execute(f"PRAGMA foreign_keys = {enforced}")
    return pending


def _applying(statements: tuple[str, ...], number: int) -> Callable[[Database], None]:
    def apply(database: Database) -> None:
        for statement in statements:
            database.conn.execute(statement)
        if broken := database.conn.execute("PRAGMA foreign_key_check").fetchone():
            raise sqlite3.IntegrityError(f"a row of {broken[0]} refers to a row of {broken[2]} that is not there")
        database.conn.execute(f"PRAGMA user_version = {number}")

    return apply


def schema_sql() -> str:
    """The whole schema as SQL, as a new archive has it; the text of `db/schema.sql`."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection)
    rows = connection.execute("SELECT tbl_name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid").fetchall()
    connection.close()
    ours = [sql.strip() for table, sql in rows if not table.startswith(NOT_OURS)]
    heading = (
        "-- The schema of the archive, generated from monitor/archive/migrations. Do not edit; write it anew with\n"
        "--   python -m monitor.archive.migrations > db/schema.sql\n"
    )
    return heading + "".join(f"\n{sql};\n" for sql in ours)
