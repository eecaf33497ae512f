"""The aliases that come with the program: aliases.toml, which docs/aliases.md lists.

The file is cut at its headings, and only the tables that rules use are read: reading all of them takes longer than
most commands run.

Arabic and Hebrew write small words to the next one, Korean to the one before, without an apostrophe or a hyphen that
would divide them. The file has the bare names; here they get these small words.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from monitor.model import AliasItems

_HEADING = re.compile(r"^\[(\w+)\]$", re.MULTILINE)
_ALSO = re.compile(r"^also = \[(.*)\]$", re.MULTILINE)
_QUOTED = re.compile(r'"([^"]*)"')

# "and", "in", "to", "so", and "and" before these. Before the article, l- takes its alef away.
_ARABIC = ("", "و", "ب", "ل", "ف", "وب", "ول")
_ARABIC_ARTICLE = ("ال", "وال", "بال", "لل", "فال", "وبال", "ولل")
# "and", "in", "to", "from", "that", "as", and those that are often joined.
_HEBREW = ("", "ו", "ב", "ל", "מ", "ש", "כ", "וב", "ול", "ומ", "שב", "של")
# Particles, and what is of a country's army, side, war or make. 인 and 어, its people and its language, are others.
_KOREAN = (
    *(
        "",
        "은",
        "는",
        "이",
        "가",
        "을",
        "를",
        "의",
        "에",
        "에서",
        "에게",
        "에는",
        "에도",
        "와",
        "과",
        "도",
        "로",
        "으로",
        "만",
    ),
    *("까지", "부터", "보다", "이다", "라고", "군*", "측*", "전*", "산*", "발*"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipped:
    """An alias as the file has it."""

    name: str
    also: tuple[str, ...]  # other names for it
    about: str  # what it stands for, a few words
    forms: Mapping[str, tuple[str, ...]]  # items by language, those of every language under `any`


@cache
def names() -> Mapping[str, str]:
    """The names of all aliases, by each name they have, without case."""
    known: dict[str, str] = {}
    for name, table in _tables().items():
        also = _ALSO.search(table)
        known.update((each.casefold(), name) for each in (name, *(_QUOTED.findall(also[1]) if also else ())))
    return known


def listed() -> tuple[str, ...]:
    """Each alias by its first name, in the order of the file."""
    return tuple(_tables())


def shipped(name: str) -> Shipped:
    """One alias, under its name in any case. Raises KeyError."""
    name = names()[name.casefold()]
    table = tomllib.loads(_tables()[name])[name]
    about, also = table.pop("about"), tuple(table.pop("also", ()))
    forms: dict[str, tuple[str, ...]] = {}
    for languages, listed in table.items():
        for language in languages.split():
            forms[language] = (*forms.get(language, ()), *listed)
    return Shipped(name=name, also=also, about=about, forms=forms)


def items(name: str) -> AliasItems:
    """What the rules of every user may take an alias for, under its name in any case. Raises KeyError."""
    return {language: tuple(with_small_words(language, forms)) for language, forms in shipped(name).forms.items()}


def with_small_words(language: str, forms: Iterable[str]) -> Iterable[str]:
    """The forms, and in Arabic, Hebrew and Korean also with the small words that are written to them."""
    for form in forms:
        if language == "ar" and form.startswith("ال"):
            yield from (particle + form[2:] for particle in _ARABIC_ARTICLE)
        elif language == "ar":
            yield from (particle + form for particle in _ARABIC)
        elif language == "he":
            yield from (particle + form for particle in _HEBREW)
        elif language == "ko":
            yield from (form + particle for particle in _KOREAN)
        else:
            yield form


@cache
def _tables() -> Mapping[str, str]:
    """The text of each table, heading included, by name."""
    text = files("monitor.rules").joinpath("aliases.toml").read_text("utf-8")
    headings = list(_HEADING.finditer(text))
    ends = [heading.start() for heading in headings[1:]] + [len(text)]
    return {heading[1]: text[heading.start() : end] for heading, end in zip(headings, ends, strict=True)}
