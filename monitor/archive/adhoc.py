"""People's own SQL over the archive: read-only, bounded in time and size, while the daemon writes.

A read-only connection is not enough: `ATTACH` and `VACUUM INTO` would still create files. So an authorizer allows
reading and nothing else (https://www.sqlite.org/c3ref/set_authorizer.html).
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice, takewhile
from pathlib import Path

from monitor.archive.connecting import connect_read_only
from monitor.archive.opening import open_for_reading
from monitor.errors import QueryRefused

Value = str | int | float | bytes | None

# Where the cookbook is: in the installed package, or beside it in a checkout.
PACKAGE = Path(__file__).resolve().parent.parent
COOKBOOKS = (PACKAGE / "_shipped" / "db" / "queries", PACKAGE.parent / "db" / "queries")

# The longest text or row a query may make, and how much memory SQLite may take for it.
LONGEST_VALUE_BYTES = 16 * 2**20
MEMORY_BYTES = 512 * 2**20
MOST_COLUMNS = 200
MOST_BYTES = 64 * 2**20  # of an answer that is handed out as a whole

# How many steps of SQLite's machine pass between two looks at the deadline: about a millisecond's worth.
STEPS_BETWEEN_LOOKS = 10_000

READING = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE})

# Pragmas that describe the schema and change nothing. FTS5 itself asks for data_version.
HARMLESS_PRAGMAS = frozenset(
    {"table_list", "table_info", "table_xinfo", "index_list", "index_info", "foreign_key_list", "data_version"}
)

DENIED_FUNCTIONS = frozenset({"load_extension", "fts3_tokenizer"})

# Words for what people most likely tried; all else is "change the archive".
TRIED = {
    sqlite3.SQLITE_ATTACH: "ATTACH another file (or VACUUM INTO one)",
    sqlite3.SQLITE_TRANSACTION: "begin or end a transaction",
    sqlite3.SQLITE_SAVEPOINT: "begin or end a transaction",
    sqlite3.SQLITE_PRAGMA: "use a PRAGMA that is not about the schema",
    sqlite3.SQLITE_FUNCTION: "call a function that is not allowed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """What a question of the cookbook can be asked with; without, it has a default."""

    name: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One question of the cookbook."""

    name: str  # the file's name without .sql
    title: str  # the question, from the file's first line
    parameters: tuple[Parameter, ...]  # from the lines after that
    sql: str


# `-- :word  what it means   :other  what that means`
_PARAMETER = re.compile(r":(\w+)\s+(.+?)(?=\s{2,}:|\n)")


class Params(dict[str, Value]):
    """Parameters of a query; one that was not given is NULL, as in the sqlite3 shell."""

    def __missing__(self, name: str) -> Value:
        return None


def run_sql(
    path: str | Path,
    sql: str,
    *,
    seconds: float = 10,
    rows: int | None = 100_000,
    params: Mapping[str, Value] | None = None,
    look: Callable[[], None] = lambda: None,
) -> tuple[tuple[str, ...], Iterator[tuple[Value, ...]]]:
    """The names of a query's columns, and its rows as they are read.

    `seconds` counts from now to the last row, and more than `rows` rows (None: any number) are refused, not cut off.
    Parameters that are not given are NULL. `look` is called again and again while it runs. In the query, `words(text)`
    is the FTS5 expression that finds a text's words in a row, in whatever script. The memory limit is SQLite's own and
    stays on for the whole process.

    Raises ArchiveError when the archive cannot be opened; QueryRefused here or while rows are read.
    """
    connection = open_for_reading(Path(path))
    deadline = time.monotonic() + seconds
    denied: list[str] = []
    try:
        _bound(connection, deadline, denied, look)
        with _refusals(seconds, denied):
            cursor = connection.execute(sql, Params(params or {}))
        if cursor.description is None:
            raise QueryRefused("the query has no result. Write one SELECT.")
    except BaseException:
        connection.close()
        raise
    columns = tuple(column[0] for column in cursor.description)
    return columns, _rows(connection, cursor, rows, seconds, denied)


def _bound(connection: sqlite3.Connection, deadline: float, denied: list[str], look: Callable[[], None]) -> None:
    """Takes from a connection all it does not need, before it sees the query."""
    _restrict(connection, denied)

    def is_over() -> bool:
        look()
        return time.monotonic() >= deadline

    connection.set_progress_handler(is_over, STEPS_BETWEEN_LOOKS)


def _restrict(connection: sqlite3.Connection, denied: list[str]) -> None:
    connection.execute(f"PRAGMA hard_heap_limit = {MEMORY_BYTES}")
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE_BYTES)
    connection.setlimit(sqlite3.SQLITE_LIMIT_COLUMN, MOST_COLUMNS)
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    connection.set_authorizer(_authorizer(denied))
    connection.create_function("words", 1, _words, deterministic=True)


class _Counting(sqlite3.Cursor):
    """Hands out so many bytes of values at once and no more: else they fill the memory, each within its limit."""

    def fetchmany(self, size: int | None = 1) -> list[sqlite3.Row]:
        return self._fetched(islice(self, size))

    def fetchall(self) -> list[sqlite3.Row]:
        return self._fetched(self)

    def _fetched(self, rows: Iterable[sqlite3.Row]) -> list[sqlite3.Row]:
        found, room = [], MOST_BYTES
        for row in rows:
            room -= sum(64 + (len(value) if isinstance(value, str | bytes) else 0) for value in row)
            if room < 0:
                raise sqlite3.OperationalError("the answer is too large. Select fewer or shorter values")
            found.append(row)
        return found


class _Bounded(sqlite3.Connection):
    def cursor(self, factory: type[sqlite3.Cursor] = _Counting) -> sqlite3.Cursor:  # type: ignore[override]
        return super().cursor(factory)


def bounded_connection(path: str | Path) -> sqlite3.Connection:
    """A connection for a program that runs people's queries and keeps their time itself; `restrict` is to follow.

    It hands out at most MOST_BYTES of an answer. Raises ArchiveError when the archive cannot be opened.
    """
    open_for_reading(Path(path)).close()
    return connect_read_only(Path(path), factory=_Bounded)


def restrict(connection: sqlite3.Connection) -> None:
    """Takes from a connection all that people's queries do not need, once it is set up otherwise."""
    _restrict(connection, [])


def _words(text: Value) -> str | None:
    from monitor.rules import fts_words  # the rule language is slow to load, and few queries ask for it

    return None if text is None else fts_words(str(text))


def _authorizer(denied: list[str]) -> Callable[[int, str | None, str | None, str | None, str | None], int]:
    """Allows what reads, and notes in words what it denied."""

    def authorize(action: int, first: str | None, second: str | None, *_: str | None) -> int:
        if action in READING:
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_FUNCTION and second not in DENIED_FUNCTIONS:
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_PRAGMA and str(first).lower() in HARMLESS_PRAGMAS:
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_PRAGMA and str(first).lower() == "schema_version" and second is None:  # asks for it
            return sqlite3.SQLITE_OK
        # So SQLite declares a virtual table to itself, such as json_each; a query's own UPDATE of it is a syntax error.
        if action == sqlite3.SQLITE_UPDATE and first == "sqlite_master":
            return sqlite3.SQLITE_OK
        denied.append(TRIED.get(action, "change the archive"))
        return sqlite3.SQLITE_DENY

    return authorize


def _rows(
    connection: sqlite3.Connection, cursor: sqlite3.Cursor, most: int | None, seconds: float, denied: list[str]
) -> Iterator[tuple[Value, ...]]:
    try:
        with _refusals(seconds, denied):
            yield from islice(cursor, most)
            if most is not None and next(cursor, None) is not None:
                raise QueryRefused(f"the query has more than {most:,} rows. Add a LIMIT, or a narrower WHERE.")
    finally:
        connection.close()


@contextmanager
def _refusals(seconds: float, denied: list[str]) -> Iterator[None]:
    """Turns every way a query can fail into one line that says what to do."""
    try:
        yield
    except MemoryError:
        raise QueryRefused("the query needs more memory than it may have. Select fewer or shorter values.") from None
    except sqlite3.DataError as error:
        raise QueryRefused(
            f"a value in the query is too long ({error}). Select a part of it, with substr()."
        ) from error
    except (sqlite3.Error, sqlite3.Warning) as error:
        if denied:
            raise QueryRefused(
                f"this connection only reads: the query wants to {denied[0]}. Write one SELECT."
            ) from error
        if getattr(error, "sqlite_errorname", None) == "SQLITE_INTERRUPT":
            raise QueryRefused(
                f"the query ran longer than {seconds:g} s. Narrow it, for example by date, or allow it more time."
            ) from error
        raise QueryRefused(f"SQL: {str(error).rstrip('.')}.") from error


def cookbook() -> tuple[Recipe, ...]:
    """The questions that come with the program, by name."""
    folder = next((each for each in COOKBOOKS if each.is_dir()), None)
    if folder is None:
        return ()
    return tuple(_recipe(file) for file in sorted(folder.glob("*.sql")))


def _recipe(file: Path) -> Recipe:
    sql = file.read_text(encoding="utf-8")
    first, _, rest = sql.partition("\n")
    remarks = "".join(f"{line[2:]}\n" for line in takewhile(lambda line: line.startswith("--"), rest.splitlines()))
    parameters = tuple(Parameter(name=found[1], meaning=found[2].strip()) for found in _PARAMETER.finditer(remarks))
    return Recipe(name=file.stem, title=first.removeprefix("--").strip(), parameters=parameters, sql=sql)
