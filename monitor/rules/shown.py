"""A node as it would be written in a query."""

from __future__ import annotations

import itertools
import re

from monitor.rules import foreign
from monitor.rules.tree import And, Count, First, Has, In, Near, Node, Not, Or, Part, Regex, Term
from monitor.text import tokenize

_OPERATORS = ("AND", "OR", "NOT")
_PLAIN = re.compile(r"#?\w[\w*?+#°]*|[\w*?-]+\?")
# What stands for a ? or a * in the pattern of a part, and what is a letter.
_ANY_LETTERS = re.compile(r"(?:\(\?:[^()]*\)|\[(?:\\.|[^\]\\])+\]|\\w|\.)(\{0,\d+\}|\*)?|\\(.)|[\^$]")
_BINDING: dict[type, int] = {Or: 0, And: 1, Near: 2}  # the others bind tightest


def shown(node: Node) -> str:
    """The node as query text, on one line. Parsed again, it makes the same node, words in folded form.

    Only the forms that an alias has for one language cannot be written in a query: they are marked `[fr]`.
    """
    match node:
        case Term(parts, field):
            return f"{field}:{_term(parts)}" if field else _term(parts)
        case Or(nodes):
            return " OR ".join(_within(inner, 2) for inner in nodes)
        case And(nodes):
            return " AND ".join(_within(inner, 2) for inner in nodes)
        case Near(left, right, reach, ordered):
            return f"{_within(left, 3)} {'BEFORE' if ordered else 'NEAR'}/{reach} {_within(right, 3)}"
        case Not(inner):
            return f"-{_within(inner, 3)}"
        case Has(field, value, is_open):
            return f"{field}:{_value(value + '*' * is_open)}"
        case Regex(source, ignore_case):
            escaped = re.sub(r"(\\.)|/", lambda found: found[1] or r"\/", source)
            return f"/{escaped}/{'i' * ignore_case}"
        case Count(inner, compare, number):
            return f"count({shown(inner)}) {compare} {number}"
        case First(words, inner):
            return f"first({words}): " + (f"({shown(inner)})" if isinstance(inner, Not) else _within(inner, 3))
        case In(language, inner):
            return f"{_within(inner, 3)} [{language}]"


def _within(node: Node, binding: int) -> str:
    """A node inside one that binds its sides so tightly."""
    return f"({shown(node)})" if _BINDING.get(type(node), 3) < binding else shown(node)


def _term(parts: tuple[Part, ...]) -> str:
    text = _part(parts[0])
    for before, part in itertools.pairwise(parts):
        text += _between(before, part) + _part(part)
    if text.endswith("?"):  # which would be punctuation at the end of a phrase
        text = text.replace(" ", "-")
    mark = "=" if parts[0].exact is not None else "~" if parts[0].stem is not None else ""
    advice = foreign.advice_behind(mark, text) if mark else foreign.advice(text, "")
    is_plain = _PLAIN.fullmatch(text) and text not in _OPERATORS and advice is None
    return mark + text if is_plain else f'{mark}"{text}"'


def _between(before: Part, part: Part) -> str:
    """What must stand between two words in a row, lest they be read as one, or otherwise."""
    if before.sign == "&":
        return ""
    if before.letters[-1].isdigit() and part.letters[0].isdigit():
        return "-"  # "94 000" is one number
    apart = before.letters, part.letters
    return " " if before.sign or tokenize("".join(apart)).words != apart else ""


def _part(part: Part) -> str:
    if part.pattern is not None:
        return _ANY_LETTERS.sub(_wildcard, part.pattern) + part.sign
    letters = part.letters if part.exact is None else part.exact
    letters = letters if part.stem is None else part.stem
    return part.before + letters + part.sign + "*" * part.is_open


def _wildcard(piece: re.Match[str]) -> str:
    if piece[0] in "^$":
        return ""
    return piece[2] or ("*" if piece[1] else "?")


def _value(value: str) -> str:
    return value if re.fullmatch(r'[^\s()（）"«»“”„]+', value) and value not in _OPERATORS else f'"{value}"'
