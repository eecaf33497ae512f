"""Query text to tree. The grammar is in query.lark; here its trees become nodes, and aliases what they stand for.

Every error is one line for the person who wrote the rule: what is wrong and what to write instead. What the grammar
does not expect is worded in unexpected.py, what other query languages would mean by it in foreign.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from typing import cast

from lark import Lark, Token, Tree, UnexpectedInput

from monitor.errors import RuleError
from monitor.model import AliasItems
from monitor.rules import foreign, regexes, shipped
from monitor.rules.parts import parts_of
from monitor.rules.tree import (
    And,
    Compare,
    Count,
    FieldName,
    First,
    Has,
    In,
    Near,
    Node,
    Not,
    Or,
    Reach,
    Regex,
    Term,
    is_placed,
)
from monitor.rules.unexpected import why_unexpected
from monitor.text import clean, fold, one_line

MAX_LENGTH = 10_000  # code points
MAX_DEPTH = 100  # parentheses, NOTs, fields, NEARs in a row, and aliases within one another
MAX_DISTANCE = 1_000  # words
MAX_FIRST = 10_000  # words

_ONE_WORD = re.compile(r"(?!(?:AND|OR|NOT)$)[^\W_]+")  # most of what lists and aliases hold; it needs no grammar
_QUOTES = '"«»“”„'
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*")
# Codes of countries that are written for a language and are the code of none.
_NO_LANGUAGES = {"cn": "zh", "cz": "cs", "dk": "da", "gb": "en", "gr": "el", "jp": "ja", "ua": "uk", "us": "en"}
_COUNTRY = re.compile(r"[a-z]{2}")


@cache
def _parser() -> Lark:
    # The contextual lexer reads a value behind feed:, a comparison behind count(…), and everywhere else words.
    return Lark.open_from_package(
        "monitor.rules", "query.lark", start="any_of", parser="lalr", lexer="contextual", maybe_placeholders=False
    )


def warm_up() -> None:
    """Reads the grammar now, which takes a tenth of a second once in a process; else the first query does."""
    _parser()


def parse(query: str, aliases: Aliases) -> Node:
    """The tree of a query. Raises RuleError, with the column in the query as `monitor.text.clean` leaves it.

    Whether the query asks for anything at all is not judged here.
    """
    if len(query) > MAX_LENGTH:
        message = f"the query is longer than {MAX_LENGTH:,} characters. Move lists of words into aliases"
        raise RuleError(message, MAX_LENGTH + 1)
    query = clean(query)
    if not query.strip():
        raise RuleError("the query is empty. Write at least one word", 1)
    if _ONE_WORD.fullmatch(query):
        return _Builder(query, aliases).term(Token("WORD", query, 0), None)
    try:
        tree = _parser().parse(query)
    except UnexpectedInput as error:
        raise why_unexpected(error, query) from None
    return _Builder(query, aliases).node(tree, None, 0)


class _Builder:
    """Makes nodes of one query's syntax tree. `field` is the one around the node, `depth` how deep it lies."""

    def __init__(self, query: str, aliases: Aliases) -> None:
        self.query = query
        self.aliases = aliases

    # One function, and loops in place of comprehensions: a hundred levels must not exhaust the stack.
    def node(self, tree: Tree[Token], field: FieldName | None, depth: int) -> Node:
        children = cast("list[Tree[Token]]", tree.children)
        tokens = cast("list[Token]", tree.children)
        match tree.data:
            case "word":
                return self.term(tokens[0], field)
            case "any_of" | "all_of":
                nodes = []
                for child in children:
                    nodes.append(self.node(child, field, depth))
                return Or(tuple(nodes)) if tree.data == "any_of" else And(tuple(nodes))
            case "near":
                node = self.node(children[0], field, depth)
                for index in range(1, len(children), 2):
                    depth = _deeper(depth, tokens[index])
                    right = self.node(children[index + 1], field, depth)
                    node = self.near(node, tokens[index], right)
                return node
            case "group":
                return self.node(children[1], field, _deeper(depth, tokens[0]))
            case "absent":
                node = self.node(children[1], field, _deeper(depth, tokens[0]))
                return node.node if isinstance(node, Not) else Not(node)
            case "alias":
                return self.aliases.node(tokens[0][1:], _column(tokens[0]), field)
            case "marked":
                return self.marked(tokens[0], tokens[1], field)

        first = tokens[0]
        if field is not None:
            message = (
                f"{first.removesuffix('(')} cannot stand within {field}:. Put it outside, as in {field}:(a OR b) AND "
            )
            raise RuleError(message + _SAMPLES[tree.data], _column(first))
        depth = _deeper(depth, first)
        match tree.data:
            case "within":
                _refuse_absence(children[1], first)
                return self.node(children[1], cast("FieldName", first[:-1].lower()), depth)
            case "has":
                values = [child.children[0] for child in children if isinstance(child, Tree)]
                nodes = [_has(first[:-1].lower(), cast("Token", value)) for value in values]
                return nodes[0] if len(nodes) == 1 else Or(tuple(nodes))
            case "regex":
                source, _, flag = first[1:].rpartition("/")
                regexes.check(source, flag == "i", _column(first) + 1)
                return Regex(source, flag == "i")
            case "count":
                return self.count(first, self.node(children[1], None, depth), tokens[2], tokens[3])
            case _:
                assert tree.data == "first"
                _refuse_absence(children[1], first)
                return First(_words(first), self.node(children[1], None, depth))

    def term(self, token: Token, field: FieldName | None) -> Term:
        text, column = token.value, _column(token)
        if token.type == "PHRASE":
            return Term(parts_of(text[1:-1], column + 1, quoted=True), field)
        end = column - 1 + len(text)
        advice = foreign.advice(text, self.query[end : end + 1])
        if advice is not None:
            raise RuleError(advice, column)
        return Term(parts_of(text, column, quoted=False), field)

    def marked(self, mark: Token, token: Token, field: FieldName | None) -> Term:
        text, column = token.value, _column(token)
        advice = foreign.advice_behind(mark.value, text)
        if advice is not None:
            raise RuleError(advice, _column(mark))
        exact, stem = mark == "=", mark == "~"
        if token.type == "PHRASE":
            return Term(parts_of(text[1:-1], column + 1, quoted=True, exact=exact, stem=stem), field)
        return Term(parts_of(text, column, quoted=False, exact=exact, stem=stem), field)

    def near(self, left: Node, operator: Token, right: Node) -> Near:
        name, _, written = operator.partition("/")
        if written.isdecimal() and int(written) > MAX_DISTANCE:
            message = (
                f"at most {MAX_DISTANCE} words may lie between. Write {name}/{MAX_DISTANCE}, "
                f"or {name}/p for the same paragraph"
            )
            raise RuleError(message, _column(operator))
        reach = cast("Reach", int(written) if written.isdecimal() else written)
        for side in (left, right):
            if not is_placed(side):
                raise RuleError(_no_place(side, operator), _column(operator))
        if ":" in self.query:
            lefts, rights = _fields(left), _fields(right)
            if None not in lefts | rights and lefts.isdisjoint(rights):
                message = f"title and text are never side by side, so this {name} matches nothing. Write AND"
                raise RuleError(message, _column(operator))
        return Near(left, right, reach, name == "BEFORE")

    def count(self, opening: Token, node: Node, compare: Token, number: Token) -> Count:
        if not is_placed(node):
            raise RuleError(_no_place(node, opening), _column(opening))
        return Count(node, cast("Compare", compare.value), int(number))


# What may stand beside a field instead of within it, by the rule of the grammar.
_SAMPLES = {
    "within": "text:c",
    "has": "lang:fr",
    "regex": "/c/",
    "count": "count(c) >= 3",
    "first": "first(100): c",
}


def _column(token: Token) -> int:
    return cast("int", token.start_pos) + 1


def _shown(text: str) -> str:
    """A piece of the query as an error shows it: on one line, not too long."""
    return one_line(text, 60)


def _deeper(depth: int, token: Token) -> int:
    if depth >= MAX_DEPTH:
        raise RuleError(f"the query is nested more than {MAX_DEPTH} deep. Write it flatter", _column(token))
    return depth + 1


def _words(first: Token) -> int:
    number = int(re.sub(r"\D", "", first))
    if not 1 <= number <= MAX_FIRST:
        message = f"first() takes 1 to {MAX_FIRST:,} words. Write first(100): word, or title:word for the title alone"
        raise RuleError(message, _column(first))
    return number


def _refuse_absence(tree: Tree[Token], before: Token) -> None:
    if tree.data == "absent":
        absent = cast("Token", tree.children[0])
        raise RuleError(f"absence goes in front: write -{_shown(before)}word", _column(absent))


def _no_place(node: Node, token: Token) -> str:
    """Why a node may not stand beside NEAR or in count(), and what to write instead."""
    counted = token.type == "COUNT"
    where = "within count()" if counted else f"beside {token.partition('/')[0]}"
    sample = "count(a) >= 3" if counted else f"a {token} b"
    match node:
        case Or(nodes):
            return _no_place(next(inner for inner in nodes if not is_placed(inner)), token)
        case And():
            return f"{where} AND has no place in the text. Write {sample} AND {sample.replace('a', 'c', 1)}"
        case Not():
            return f"{where} absence has no place in the text. Write NOT ({sample})"
        case Term(field=field):
            what, instead = f"{field}:", f"{field}:c"
        case Has(field):
            what, instead = f"{field}:", f"{field}:c"
        case Regex():
            what, instead = "a regular expression", "/c/"
        case Count():
            what, instead = "count()", "count(c) >= 3"
        case _:
            return f"{where} first() cannot stand. Put it in front: first(100): ({sample})"
    return f"{where} {what} has no place in the text. Put it outside: {sample} AND {instead}"


def _fields(node: Node) -> set[FieldName | None]:
    """The fields in which a placed node may stand; of a Near those of one side, which are those of the other."""
    match node:
        case Term(field=field):
            return {field}
        case Near(right=inner) | In(node=inner):
            return _fields(inner)
        case Or(nodes):
            return {field for inner in nodes for field in _fields(inner)}
        case _:
            return set()


def _has(field: str, token: Token) -> Has:
    """A value of a field that is compared whole."""
    written, column = token.value, _column(token)
    if token.type == "PHRASE":
        written, column = written[1:-1], column + 1
    value = fold(" ".join(written.split()))
    if field == "lang":
        if value in _NO_LANGUAGES:
            raise RuleError(f"{value} is the code of a country. Write lang:{_NO_LANGUAGES[value]}", column)
        if not _LANGUAGE.fullmatch(value):
            message = (
                f'lang: takes the code of a language, not "{_shown(written)}". Write lang:fr, lang:pt-br or lang:und'
            )
            raise RuleError(message, column)
        return Has("lang", value)
    if field == "country":
        if value == "uk":
            raise RuleError(
                "uk is the code of a language. Write country:GB for the United Kingdom, country:UA for Ukraine", column
            )
        if not _COUNTRY.fullmatch(value):
            message = f'country: takes the two letters of a country, not "{_shown(written)}". Write country:FR'
            raise RuleError(message, column)
        return Has("country", value)
    letters = value.removesuffix("*")
    if "*" in letters or not letters:
        message = f"in {field}: a * stands only at the end, behind a beginning. Write {field}:news*"
        raise RuleError(message if "*" in value else f"{field}: needs a value. Write {field}:news", column)
    return Has("feed" if field == "feed" else "tag", letters, is_open=letters != value)


# ── aliases ──────────────────────────────────────────────────────────────────────────────────────────────────────────

_ITEM = re.compile(rf"([=~]?)\s*(?:([{_QUOTES}])(.*)[{_QUOTES}]|(.*))", re.DOTALL)
_OPERATOR_IN_ITEM = re.compile(
    r"(?:^|\s)(?:AND|OR|NOT|(?:NEAR|BEFORE)/\w+)(?:\s|$)|[()（）]|^-|^[^\W\d_]+:\S|^/.*/i?$", re.DOTALL
)

_SHIPPED = "shipped:"  # before a name, which cannot hold a colon: the alias that a user's of the same name replaces

Forms = dict[str | None, dict[Term, None]]  # terms by the language they count in, None: all; each once, in order


class Aliases:
    """What names stand for: lists of forms, or lists by language with those of all languages under `any`.

    Names that are not given are looked for among those that come with the program. In a given one of the same name,
    that name is the one which came. Each name is worked out once, when the first query uses it. Names know no case.
    """

    def __init__(self, items: Mapping[str, AliasItems]) -> None:
        self._items = {name.casefold(): (name, listed) for name, listed in items.items()}
        self._forms: dict[str, Forms] = {}
        self._nodes: dict[tuple[str, FieldName | None], Node] = {}
        self._open: list[str] = []  # the aliases being worked out, outermost first

    def node(self, name: str, column: int, field: FieldName | None = None) -> Node:
        """Any of an alias's forms, in a field. `column` is where the query uses it, and so where errors are."""
        key = name.casefold(), field
        if key not in self._nodes:
            forms = self._worked_out(name, column)
            everywhere = forms.get(None, {})
            nodes: list[Node] = [Term(term.parts, field) for term in everywhere]
            for language, terms in forms.items():
                own = [Term(term.parts, field) for term in terms if term not in everywhere]
                if language is not None and own:
                    nodes.append(In(language, own[0] if len(own) == 1 else Or(tuple(own))))
            self._nodes[key] = nodes[0] if len(nodes) == 1 else Or(tuple(nodes))
        return self._nodes[key]

    def used(self) -> frozenset[Term]:
        """The forms of all names that a query has used so far."""
        return frozenset(term for forms in self._forms.values() for terms in forms.values() for term in terms)

    def _worked_out(self, name: str, column: int) -> Forms:
        key = name.casefold()
        if key in self._forms:
            return self._forms[key]
        if key not in self._items:
            if key.removeprefix(_SHIPPED) not in shipped.names():
                raise RuleError(self._unknown(name), column)
            name = shipped.names()[key.removeprefix(_SHIPPED)]
            self._items[key] = name, shipped.items(name)
        name, listed = self._items[key]
        if key in self._open:
            names = [self._items[link][0] for link in (*self._open[self._open.index(key) :], key)]
            chain = " → ".join(f"@{link}" for link in names)
            raise RuleError(f"the alias @{name} contains itself: {chain}. Take it out of one of them", column)
        if len(self._open) >= MAX_DEPTH:
            raise RuleError(f"aliases are nested more than {MAX_DEPTH} deep. Write them flatter", column)
        self._open.append(key)
        try:
            forms: Forms = {}
            for language, item in _listed(name, listed, column):
                for inner, terms in self._item(name, item, column).items():
                    forms.setdefault(_narrower(language, inner), {}).update(terms)
        finally:
            self._open.pop()
        if not forms:
            raise RuleError(f"the alias @{name} is empty. Give it a word, or remove it here", column)
        self._forms[key] = forms
        return forms

    def _item(self, name: str, item: str, column: int) -> Forms:
        if item.startswith("@"):
            inner = item[1:]
            extends = inner.casefold() == name.casefold() and inner.casefold() in shipped.names()
            return self._worked_out(_SHIPPED + inner if extends else inner, column)
        what = f'the alias @{name} holds "{_shown(item)}"'
        mark, quote, quoted, plain = _ITEM.fullmatch(item).groups()  # type: ignore[union-attr]  # takes any text
        if not quote and _OPERATOR_IN_ITEM.search(item):
            raise RuleError(f"{what}. An item is a word, a phrase or another @alias: list each by itself", column)
        text = quoted if quote else plain.strip(_QUOTES)
        is_phrase = bool(quote) or len(text.split()) != 1
        advice = None if is_phrase else foreign.advice(text, "")
        if advice is not None:
            raise RuleError(f"{what}: {advice}", column)
        try:
            parts = parts_of(text, 1, quoted=is_phrase, exact=mark == "=", stem=mark == "~")
        except RuleError as error:
            raise RuleError(f"{what}: {error.message}", column) from None
        return {None: {Term(parts): None}}

    def _unknown(self, name: str) -> str:
        if not name:
            return '@ stands before the name of an alias. Write @NAME, or quote the text to search for a literal "@"'
        known = {**shipped.names(), **{key: name for key, (name, _) in self._items.items()}}
        close = get_close_matches(name.casefold(), known, n=1, cutoff=0.5)
        if close:
            return f"there is no alias @{name}. Did you mean @{known[close[0]]}?"
        return f'there is no alias @{name}. Add it under "aliases", or write the words'


def _listed(name: str, listed: AliasItems, column: int) -> Iterator[tuple[str | None, str]]:
    """Every item with the language it counts in; None: all."""
    if not isinstance(listed, Mapping):
        yield from ((None, clean(item).strip()) for item in listed)
        return
    for key, items in listed.items():
        language = key.lower()
        if language != "any" and not _LANGUAGE.fullmatch(language):
            message = (
                f'the alias @{name} has forms under "{_shown(key)}". Write the code of a language such as fr, or any'
            )
            raise RuleError(message, column)
        yield from ((None if language == "any" else language, clean(item).strip()) for item in items)


def _narrower(outer: str | None, inner: str | None) -> str | None:
    """The language in which a form counts that is listed under one and, through another alias, under a second.

    In an article of unknown language every form counts, so two languages that exclude one another leave that.
    """
    if outer is None or inner is None:
        return outer or inner
    if f"{inner}-".startswith(f"{outer}-"):
        return inner
    return outer if f"{outer}-".startswith(f"{inner}-") else "und"
