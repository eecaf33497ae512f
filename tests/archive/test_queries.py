"""Every question of the cookbook is answered by an archive that holds a little of everything."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from monitor.archive import open_archive
from monitor.archive.adhoc import Recipe, cookbook, run_sql
from tests.archive.builders import fill
from tests.factories import NOW

# The archive is filled on one day; a week later its feeds have been quiet for a week.
ASKED_ON = {"quiet-feeds": "2026-11-30", "silent-rules": "2026-11-30"}

# What no single poll brings: an event in two languages, a copy in another feed.
MORE = """
INSERT INTO events (id, first_article, articles, stories, feeds, first_seen_at, last_seen_at)
VALUES (1, 1, 2, 2, 2, '2026-11-22T12:00:00Z', '2026-11-22T12:03:00Z');
UPDATE articles SET event = 1 WHERE id IN (1, 4);
UPDATE articles SET authors = '["Claire Martin", "AFP"]' WHERE id = 1;
INSERT INTO relations (article, kind, other, relation, score, joined_at)
VALUES (4, 'story', 1, 'copy', 1, '2026-11-22T12:03:00Z');
"""


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cookbook") / "archive.db"
    archive = open_archive(str(path), now=NOW)
    fill(archive)
    archive.close()
    with closing(sqlite3.connect(path)) as db:
        db.executescript(MORE)
    return path


def of_the_manual(page: str) -> list[str]:
    """The queries a page of the manual shows, each with the comment above it."""
    text = (Path(__file__).parent.parent.parent / page).read_text(encoding="utf-8")
    shown = "".join(re.findall(r"(?s)```sql\n(.*?)```", text))
    return [query.strip() for query in shown.split(";\n") if query.strip()]


def named(recipe: Recipe) -> str:
    return recipe.name


def test_there_is_a_cookbook() -> None:
    assert len(cookbook()) >= 40


@pytest.mark.parametrize("recipe", cookbook(), ids=named)
def test_a_question_has_an_answer(recipe: Recipe, filled: Path) -> None:
    columns, rows = run_sql(filled, recipe.sql, params={"now": ASKED_ON.get(recipe.name, "2026-11-22")})

    assert len(columns) > 1
    assert list(rows) != []


@pytest.mark.parametrize("recipe", cookbook(), ids=named)
def test_a_question_can_be_asked_without_parameters(recipe: Recipe, filled: Path) -> None:
    _, rows = run_sql(filled, recipe.sql)

    list(rows)


@pytest.mark.parametrize("recipe", cookbook(), ids=named)
def test_a_question_says_in_its_first_line_what_it_asks(recipe: Recipe) -> None:
    assert recipe.sql.startswith("-- ")
    assert "?" in recipe.title


@pytest.mark.parametrize("recipe", cookbook(), ids=named)
def test_a_question_can_be_explained(recipe: Recipe, filled: Path) -> None:
    columns, rows = run_sql(filled, f"EXPLAIN QUERY PLAN\n{recipe.sql}")

    assert columns[-1] == "detail"
    assert list(rows) != []


@pytest.mark.parametrize("query", of_the_manual("docs/identity.md"), ids=lambda query: query.partition("\n")[0])
def test_the_manual_asks_what_the_archive_understands(query: str, filled: Path) -> None:
    columns, rows = run_sql(filled, query)

    assert len(columns) > 1
    list(rows)


def test_the_questions_about_a_word_take_the_word(filled: Path) -> None:
    (recipe,) = (each for each in cookbook() if each.name == "mentions-by-day")

    _, rows = run_sql(filled, recipe.sql, params={"word": 'ministres de l"OTAN'})

    assert list(rows) == [("2026-11-22", "fr", 1)]


def answer(filled: Path, name: str, **params: str) -> list[dict[str, object]]:
    (recipe,) = (each for each in cookbook() if each.name == name)
    columns, rows = run_sql(filled, recipe.sql, params={"now": "2026-11-22", **params})
    return [dict(zip(columns, row, strict=True)) for row in rows]


@pytest.mark.parametrize("recipe", cookbook(), ids=named)
def test_every_parameter_of_a_question_is_explained_and_no_other(recipe: Recipe) -> None:
    asked = set(re.findall(r"(?<!:):([a-z]\w*)", re.sub("(?m)^--.*$", "", recipe.sql)))
    explained = {parameter.name for parameter in recipe.parameters}

    assert explained <= asked
    assert asked - explained <= {"now"}  # to ask as if it were another day


def test_a_word_in_a_script_without_spaces_is_counted(filled: Path) -> None:
    with closing(sqlite3.connect(filled)) as db:
        db.execute("UPDATE articles SET title = '北约和乌克兰', title_words = '北 约 和 乌 克 兰' WHERE id = 4")
        db.commit()
    try:
        assert [each["articles"] for each in answer(filled, "mentions-by-day", word="北约")] == [1]
        assert answer(filled, "mentions-by-day", word="约北") == []
        assert answer(filled, "mentions-by-day", word="-") == []
    finally:
        with closing(sqlite3.connect(filled)) as db:
            db.execute("UPDATE articles SET title = 'Titre 2', title_words = NULL WHERE id = 4")
            db.commit()


def test_the_first_to_report_is_who_carried_the_story_first(filled: Path) -> None:
    (row,) = answer(filled, "first-to-report")

    assert (row["feed"], row["stories_first"], row["mean_minutes_ahead"]) == ("gazette", 1, 3.0)


def test_the_shares_of_a_country_come_to_a_hundred(filled: Path) -> None:
    rows = answer(filled, "share-of-voice")

    assert {(row["rule"], row["stories"]) for row in rows} == {("ukraine", 3), ("otan", 1)}
    assert sum(float(str(row["percent"])) for row in rows) == pytest.approx(100)


def test_who_copies_is_named_before_whom(filled: Path) -> None:
    (row,) = answer(filled, "who-copies-whom")

    assert (row["carries"], row["after"], row["word_by_word"]) == ("courier", "gazette", 1)


def test_what_people_said_of_alerts_is_counted_by_rule(filled: Path) -> None:
    (row,) = answer(filled, "alert-precision")

    assert (row["rule"], row["rated"], row["percent_useful"]) == ("ukraine", 1, 100.0)


def test_a_changed_title_is_shown_with_what_it_became(filled: Path) -> None:
    (recipe,) = (each for each in cookbook() if each.name == "revisions")

    columns, rows = run_sql(filled, recipe.sql)

    (change,) = (dict(zip(columns, row, strict=True)) for row in rows)
    assert change["was"] == "L’OTAN réunit ses ministres sur l’Ukraine"
    assert change["became"] == "L’OTAN se réunit"
    assert (change["said_from"], change["changed_at"]) == ("2026-11-22T12:00:00Z", "2026-11-22T12:15:00Z")


def test_an_alert_that_is_not_delivered_says_what_it_waits_for_or_failed_with(filled: Path) -> None:
    (recipe,) = (each for each in cookbook() if each.name == "alerts-not-delivered")

    columns, rows = run_sql(filled, recipe.sql)

    shown = [dict(zip(columns, row, strict=True)) for row in rows]
    assert [(each["what"], each["delivery"], each["why"], each["error"]) for each in shown] == [
        ("otan", "waiting", "digest", None),
        ("ukraine", "dead", "group", "550 no such user"),
        ("ukraine", "queued", "group", "451 later"),
    ]


def test_what_waits_says_until_when(filled: Path) -> None:
    (recipe,) = (each for each in cookbook() if each.name == "held-back")

    columns, rows = run_sql(filled, recipe.sql)

    (held,) = (dict(zip(columns, row, strict=True)) for row in rows)
    assert (held["why"], held["alerts"], held["next_at"]) == ("digest", 1, "2026-11-23T06:00:00Z")
