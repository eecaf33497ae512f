"""The aliases that come with the program."""

from __future__ import annotations

import tomllib
from importlib.resources import files

import pytest

from monitor.errors import RuleError
from monitor.rules import Document, compile_query, shipped

NAMES = tuple(shipped.names().values())


def finds(name: str, text: str, language: str, aliases: dict[str, list[str]] | None = None) -> bool:
    return compile_query(f"@{name}", aliases or {}).matches(Document.of("", text, language=language)) is not None


def test_the_tables_are_cut_as_toml_reads_them() -> None:
    whole = tomllib.loads(files("monitor.rules").joinpath("aliases.toml").read_text("utf-8"))

    assert list(whole) == list(NAMES)
    assert {name: table["about"] for name, table in whole.items()} == {
        name: shipped.shipped(name).about for name in NAMES
    }


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


def test_an_alias_takes_in_a_shipped_one() -> None:
    assert finds("front", "L’OTAN se réunit.", "fr", {"front": ["@NATO", "Donbass"]})


def test_an_unknown_alias_suggests_a_shipped_one() -> None:
    with pytest.raises(RuleError, match="Did you mean @Ukraine"):
        compile_query("@Ukriane", {})
