"""The aliases that come with the program."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest

from monitor.errors import RuleError
from monitor.rules import Document, Query, compile_query, shipped
from monitor.rules.grammar import Aliases
from monitor.rules.tree import In, Node, Or, Term
from tests.rules import alias_page

NAMES = shipped.listed()


@cache
def query_of(name: str) -> Query:
    return compile_query(f"@{name}", {})


def finds(name: str, text: str, language: str, aliases: dict[str, list[str]] | None = None) -> bool:
    return compile_query(f"@{name}", aliases or {}).matches(Document.of("", text, language=language)) is not None


def test_the_tables_are_cut_as_toml_reads_them() -> None:
    whole = tomllib.loads(files("monitor.rules").joinpath("aliases.toml").read_text("utf-8"))

    assert list(whole) == list(NAMES)
    assert {name: table["about"] for name, table in whole.items()} == {
        name: shipped.shipped(name).about for name in NAMES
    }
    others = {other.casefold(): name for name, table in whole.items() for other in table.get("also", ())}
    assert shipped.names() == {name.casefold(): name for name in NAMES} | others
    assert len(others) == sum(len(table.get("also", ())) for table in whole.values())  # no name stands for two


@pytest.mark.parametrize("name", NAMES)
def test_every_form_finds_itself_in_its_language(name: str) -> None:
    for language, items in shipped.shipped(name).forms.items():
        query = compile_query(f"@{name}", {})
        for item in items:
            text = item.removeprefix("=").removesuffix("*").replace("* ", " ")
            article = Document.of("", text, language="eo" if language == "any" else language)
            assert query.matches(article) is not None, (name, language, item)


def test_a_name_knows_no_case() -> None:
    assert finds("nato", "NATO", "en")


def test_an_alias_of_the_same_name_replaces_the_shipped_one() -> None:
    aliases = {"nato": ["Rammstein"]}

    assert finds("NATO", "Rammstein", "en", aliases)
    assert not finds("NATO", "NATO", "en", aliases)


def test_an_alias_extends_the_shipped_one_of_its_name() -> None:
    aliases = {"NATO": ["@nato", "Rammstein"]}

    assert finds("NATO", "Rammstein", "en", aliases)
    assert finds("NATO", "NATO", "en", aliases)


def test_an_alias_has_other_names_that_a_users_own_comes_before() -> None:
    assert finds("OTAN", "Nato allies met.", "en")
    assert not finds("OTAN", "Nato allies met.", "en", {"OTAN": ["Alliance"]})
    assert finds("NATO", "Nato allies met.", "en", {"OTAN": ["Alliance"]})


def test_an_alias_takes_in_a_shipped_one() -> None:
    assert finds("front", "L’OTAN se réunit.", "fr", {"front": ["@NATO", "Donbass"]})


def test_an_unknown_alias_suggests_a_shipped_one() -> None:
    with pytest.raises(RuleError, match="Did you mean @Ukraine"):
        compile_query("@Ukriane", {})


# ── names in sentences ───────────────────────────────────────────────────────────────────────────────────────────────


def rows() -> list[tuple[str, frozenset[str], str, str]]:
    """Language, aliases found, text, why: of each row of shipped_names.psv."""
    found = []
    for line in Path(__file__).with_name("shipped_names.psv").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            language, aliases, text, *why = (cell.strip() for cell in line.split("|"))
            found.append((language, frozenset(aliases.split()) - {"-"}, text, "".join(why)))
    return found


ROWS = rows()


@pytest.mark.parametrize(
    ("language", "aliases", "text"), [pytest.param(*row[:3], id=f"{row[0]}: {row[2]} {row[3]}") for row in ROWS]
)
def test_a_sentence_holds_exactly_these_names(language: str, aliases: frozenset[str], text: str) -> None:
    article = Document.of("", text, language=language)

    assert {name for name in NAMES if query_of(name).matches(article) is not None} == aliases


def test_the_table_of_sentences_is_wide() -> None:
    found = [row for row in ROWS if row[1]]

    assert sum(len(aliases) for _, aliases, *_ in found) >= 300
    assert len({language.partition("-")[0] for language, *_ in found}) >= 45
    assert len(ROWS) - len(found) >= 75
    assert set().union(*(aliases for _, aliases, *_ in ROWS)) == set(NAMES)


def test_no_form_stands_for_two_names() -> None:
    holders: dict[tuple[object, ...], set[str]] = {}
    for name in NAMES:
        for term in terms(Aliases({}).node(name, 1)):
            holders.setdefault(tuple(part.exact or part for part in term.parts), set()).add(name)

    assert [names for names in holders.values() if len(names) > 1] == []


def terms(node: Node) -> Iterator[Term]:
    match node:
        case Or(nodes):
            for inner in nodes:
                yield from terms(inner)
        case In(node=inner):
            yield from terms(inner)
        case Term():
            yield node
        case _:
            raise AssertionError("an alias holds only terms")


def test_the_page_lists_what_is_shipped() -> None:
    page = alias_page.PAGE.read_text("utf-8")

    assert page == alias_page.with_list(page), "write it anew: python -m tests.rules.alias_page"
