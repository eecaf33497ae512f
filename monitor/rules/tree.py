"""The tree of a query: what was written, worked out. `evaluate` finds it in a document, `gates` says what it needs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field as field_
from typing import Literal, NamedTuple

FieldName = Literal["title", "text", "author", "link", "source"]
Reach = int | Literal["s", "p"]  # at most so many words between; in one sentence; in one paragraph
Compare = Literal[">=", ">", "=", "<=", "<"]


class Part(NamedTuple):
    """One word of a term."""

    letters: str  # folded; of an open one its beginning; of an exact or stemmed one what it folds to
    is_open: bool = False  # every word that begins so
    pattern: str | None = None  # of those only the words that match this, a regular expression over the folded word
    exact: str | None = None  # written so, or, if open, with this beginning
    sign: str = ""  # the sign that must follow: & + ++ # °
    stem: str | None = None  # the word as written, in lower case: every word of its stem
    before: str = ""  # the sign that must stand before: #


@dataclass(frozen=True, slots=True)
class Term:
    """A word, or several in a row."""

    parts: tuple[Part, ...]
    field: FieldName | None = None  # None: title and text
    # What a search tries first: a word without which title and text do not hold it. None: there is none to name.
    rarest: str | None = field_(init=False, repr=False, compare=False)
    is_simple: bool = field_(init=False, repr=False, compare=False)  # its words are whole ones, no matter how written

    def __post_init__(self) -> None:
        whole = [part.letters for part in self.parts if not part.is_open and part.stem is None]
        rarest = max(whole, key=len, default=None) if self.field in (None, "title", "text") else None
        is_simple = rarest is not None and all(
            len(part.letters) > 1 and part == Part(part.letters) for part in self.parts
        )
        object.__setattr__(self, "rarest", rarest)
        object.__setattr__(self, "is_simple", is_simple)


@dataclass(frozen=True, slots=True)
class Near:
    """One place of `left` and one of `right` in one field, not overlapping, within reach of one another."""

    left: Node
    right: Node
    reach: Reach
    ordered: bool = False  # left comes first


@dataclass(frozen=True, slots=True)
class And:
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    node: Node


@dataclass(frozen=True, slots=True)
class Has:
    """What is known of the article beside its words."""

    field: Literal["feed", "tag", "lang", "country"]
    value: str  # folded
    is_open: bool = False  # every value that begins so


@dataclass(frozen=True, slots=True)
class Regex:
    """A regular expression in RE2's syntax, over title and text as they are written."""

    source: str
    ignore_case: bool = False


@dataclass(frozen=True, slots=True)
class Count:
    """How often something stands in title and text together; places that overlap count once."""

    node: Node
    compare: Compare
    number: int


@dataclass(frozen=True, slots=True)
class First:
    """Something within the title, or the first `words` words of the text."""

    words: int
    node: Node


@dataclass(frozen=True, slots=True)
class In:
    """Something that counts only in articles of a language, or of an unknown one."""

    language: str
    node: Node


Node = Term | Near | And | Or | Not | Has | Regex | Count | First | In


def is_placed(node: Node) -> bool:
    """Whether what a node finds has a place in title or text, so that it may stand beside NEAR and in count()."""
    match node:
        case Term(field=field):
            return field in (None, "title", "text")
        case Near():
            return True
        case Or(nodes):
            return all(map(is_placed, nodes))
        case In(node=inner):
            return is_placed(inner)
        case _:
            return False


def nodes_of(node: Node) -> Iterator[Node]:
    """A node and all within it."""
    yield node
    match node:
        case And(nodes) | Or(nodes):
            inner = nodes
        case Near(left, right):
            inner = (left, right)
        case Not(one) | Count(one) | First(node=one) | In(node=one):
            inner = (one,)
        case _:
            inner = ()
    for each in inner:
        yield from nodes_of(each)
