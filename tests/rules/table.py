"""The cases of the rule language, read from cases/*.yaml. cases/README.md tells their keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

CASES = Path(__file__).parent / "cases"

# What may stand in a case, by what it tells of.
RULE = frozenset({"rule", "any", "all", "none", "score", "threshold", "title_weight", "scope", "aliases"})
ARTICLE = frozenset({"title", "text", "author", "link", "source", "feed", "tags", "categories", "country", "lang"})
OUTCOME = frozenset({"match", "sum", "error", "column"})
NOTE = frozenset({"why", "in"})


@dataclass(frozen=True, slots=True)
class Case:
    """One case as it is written, and where."""

    file: str  # without .yaml
    line: int
    given: Mapping[str, Any]

    @property
    def name(self) -> str:
        """What a test report shows: file, line, and why the case is as it is."""
        return f"{self.file}:{self.line} {self.given['why']}"

    @property
    def kind(self) -> str:
        """match, no match or error."""
        if "error" in self.given:
            return "error"
        return "no match" if self.given["match"] is False else "match"

    @property
    def language(self) -> str | None:
        """The language of its text; None when it does not matter."""
        return self.given.get("in") or self.given.get("lang")

    @property
    def queries(self) -> tuple[str, ...]:
        """Every query of its rule."""
        given = self.given
        alone = (given["rule"],) if "rule" in given else ()
        return (*alone, *(query for key in ("any", "all", "none", "score") for query in given.get(key, ())))


def read(path: Path) -> list[Case]:
    """The cases of one file, in its order."""
    loader = yaml.SafeLoader(path.read_text(encoding="utf-8"))
    root = loader.get_single_node()
    assert isinstance(root, yaml.SequenceNode), f"{path.name} holds no list"
    lines = [node.start_mark.line + 1 for node in root.value]
    return [Case(path.stem, line, given) for line, given in zip(lines, loader.construct_document(root), strict=True)]


@cache
def all_cases() -> tuple[Case, ...]:
    """Every case, by file."""
    return tuple(case for path in sorted(CASES.glob("*.yaml")) for case in read(path))
