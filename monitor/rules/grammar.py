"""Query text to tree, by recursive descent.

    either    = all-of { OR all-of }
    all-of    = near { [AND] near }
    near      = without [ NEAR/n without ]
    without   = { NOT | "-" } primary
    primary   = "(" either ")" | title:primary | "phrase" | word | word* | @alias

Every error is one line for the person who wrote the rule: what is wrong and what to write instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from monitor.errors import RuleError
from monitor.rules.document import Part
from monitor.rules.tree import And, Near, Node, Not, Or, Term
from monitor.text import clean, one_line, tokenize

MAX_LENGTH = 10_000  # code points
MAX_DEPTH = 100  # parentheses, NOTs and aliases within one another
MAX_DISTANCE = 1_000  # words

_OPENING = "(（"
_CLOSING = ")）"
_QUOTES = '"«»“”„'
_DASHES = "-−–—‑"  # word processors turn the first into the others
_HEBREW_QUOTE = '(?<=[\u05d0-\u05ea])"(?=[\u05d0-\u05ea])'  # צה"ל: part of the word

_LEXEME = re.compile(
    rf"""\s*(?:
      (?P<open>[{_OPENING}])
    | (?P<close>[{_CLOSING}])
    | (?P<minus>[{_DASHES}](?=\S))
    | (?P<title>title:(?=\S))
    | (?P<phrase>"(?:[^"]|{_HEBREW_QUOTE})*" | «[^»]*» | »[^«]*« | [“”„][^“”]*[“”])
    | (?P<quote>[{_QUOTES}])
    | (?P<alias>@[\w-]*)
    | (?P<word>(?:[^\s{_OPENING}{_CLOSING}{_QUOTES}]|{_HEBREW_QUOTE})+)
    | (?P<end>$)
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_OPERATOR = re.compile(r"AND|OR|NOT|NEAR/\d{1,9}")
_FIELD = re.compile(r"([^\W\d_]+):")


@dataclass(frozen=True, slots=True)
class _Lexeme:
    kind: str  # open, close, minus, title, phrase, alias, word, end, AND, OR, NOT, NEAR
    text: str
    column: int  # 1-based


def parse(query: str, aliases: Mapping[str, Sequence[str]]) -> Node:
    """The tree of a query. Raises RuleError. Whether the query asks for anything at all is not judged here."""
    if len(query) > MAX_LENGTH:
        message = f"the query is longer than {MAX_LENGTH:,} characters. Move lists of words into aliases"
        raise RuleError(message, MAX_LENGTH + 1)
    parser = _Parser(tuple(_lexemes(clean(query))), aliases)
    return parser.whole_query()


def _lexemes(query: str) -> Iterator[_Lexeme]:
    position = 0
    while True:
        match = _LEXEME.match(query, position)
        assert match is not None  # every character begins one of the groups
        kind = match.lastgroup or "end"
        text = match[kind]
        column = match.start(kind) + 1
        if kind == "quote":
            raise RuleError(f"{text} opens a phrase that is never closed. Close it, or remove it", column)
        if kind == "word" and (_OPERATOR.fullmatch(text) or text.startswith("NEAR/") or text == "NEAR"):
            kind = text.partition("/")[0]
        yield _Lexeme(kind, text, column)
        if kind == "end":
            return
        position = match.end()


class _Parser:
    def __init__(self, lexemes: tuple[_Lexeme, ...], aliases: Mapping[str, Sequence[str]]) -> None:
        self.lexemes = lexemes
        self.at = 0
        self.depth = 0
        self.in_title = False
        self.aliases = _Aliases(aliases)

    @property
    def next(self) -> _Lexeme:
        return self.lexemes[self.at]

    def take(self) -> _Lexeme:
        self.at += 1
        return self.lexemes[self.at - 1]

    def whole_query(self) -> Node:
        if self.next.kind == "end":
            raise RuleError("the query is empty. Write at least one word", 1)
        tree = self.either()
        if self.next.kind == "close":
            message = f'"{self.next.text}" closes nothing. Remove it, or quote the text to search for it literally'
            raise RuleError(message, self.next.column)
        return tree

    def either(self) -> Node:
        nodes = [self.all_of()]
        while self.next.kind == "OR":
            self.take()
            nodes.append(self.all_of())
        return nodes[0] if len(nodes) == 1 else Or(tuple(nodes))

    def all_of(self) -> Node:
        nodes = [self.near()]
        while self.next.kind not in ("OR", "close", "end"):
            if self.next.kind == "AND":
                self.take()
            nodes.append(self.near())
        return nodes[0] if len(nodes) == 1 else And(tuple(nodes))

    def near(self) -> Node:
        left = self.without()
        if self.next.kind != "NEAR":
            return left
        operator = self.take()
        distance = _distance(operator)
        right = self.without()
        if self.next.kind == "NEAR":
            message = f"NEAR joins two terms, not three. Write a {operator.text} b AND b {self.next.text} c"
            raise RuleError(message, self.next.column)
        lefts, rights = _terms(left), _terms(right)
        if lefts is None or rights is None:
            raise RuleError(
                "beside NEAR only words, phrases, aliases and (a OR b) of these have a place in the text. "
                "Put AND, NOT and another NEAR outside, as in NOT (a NEAR/5 b)",
                operator.column,
            )
        return Near(lefts, rights, distance)

    def without(self) -> Node:
        if self.next.kind not in ("NOT", "minus"):
            return self.primary()
        self.enter(self.take())
        node = self.without()
        self.depth -= 1
        return node.node if isinstance(node, Not) else Not(node)

    def primary(self) -> Node:
        lexeme = self.take()
        match lexeme.kind:
            case "open":
                return self.group(lexeme)
            case "title":
                return self.titled(lexeme)
            case "alias":
                return self.alias(lexeme)
            case "phrase":
                return self.term(lexeme.text[1:-1], lexeme.column + 1, quoted=True)
            case "word":
                return self.term(lexeme.text, lexeme.column, quoted=False)
        raise RuleError(self.misplaced(lexeme), lexeme.column)

    def group(self, opening: _Lexeme) -> Node:
        self.enter(opening)
        if self.next.kind == "close":
            raise RuleError("there is nothing between the parentheses. Remove them, or write a word", opening.column)
        node = self.either()
        if self.next.kind != "close":
            message = f'"{opening.text}" is never closed. Close it, or quote the text to search for a literal "("'
            raise RuleError(message, opening.column)
        self.take()
        self.depth -= 1
        return node

    def titled(self, lexeme: _Lexeme) -> Node:
        if self.next.kind in ("minus", "NOT"):
            raise RuleError("absence goes before the field. Write -title:word", self.next.column)
        outside, self.in_title = self.in_title, True
        self.enter(lexeme)
        node = self.primary()
        self.depth -= 1
        self.in_title = outside
        return node

    def alias(self, lexeme: _Lexeme) -> Node:
        terms = self.aliases.terms(lexeme.text[1:], lexeme.column)
        if self.in_title:
            terms = tuple(replace(term, title_only=True) for term in terms)
        return terms[0] if len(terms) == 1 else Or(terms)

    def term(self, text: str, column: int, *, quoted: bool) -> Term:
        return Term(_parts(text, column, quoted=quoted), title_only=self.in_title)

    def enter(self, lexeme: _Lexeme) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise RuleError(f"the query is nested more than {MAX_DEPTH} deep. Write it flatter", lexeme.column)

    def misplaced(self, lexeme: _Lexeme) -> str:
        if lexeme.kind == "NEAR":
            _distance(lexeme)
        before = self.lexemes[self.at - 2] if self.at > 1 else None
        what = "the query ends" if lexeme.kind == "end" else f"{lexeme.text} stands"
        if before is None:
            where = "at the beginning, where a word is expected"
        else:
            where = f"after {_shown(before.text)}, where a word is expected"
        advice = "Write one" if lexeme.kind in ("end", "close") else f'Write one, or "{lexeme.text}" to search for it'
        return f"{what} {where}. {advice}"


def _distance(operator: _Lexeme) -> int:
    digits = operator.text[len("NEAR/") :]
    if not digits.isdecimal() or int(digits) > MAX_DISTANCE:
        message = (
            f"after NEAR stands a slash and at most how many words may lie between, up to {MAX_DISTANCE}. "
            f'Write NEAR/10, or "{operator.text}" to search for the word'
        )
        raise RuleError(message, operator.column)
    return int(digits)


def _shown(text: str) -> str:
    """A piece of the query as an error shows it: on one line, not too long."""
    return one_line(text, 60)


def _terms(node: Node) -> tuple[Term, ...] | None:
    """The node as alternative terms; None when it is more than that."""
    match node:
        case Term():
            return (node,)
        case Or(nodes):
            parts = [_terms(part) for part in nodes]
            return None if None in parts else tuple(term for part in parts for term in part or ())
        case _:
            return None


# ── words ────────────────────────────────────────────────────────────────────────────────────────────────────────────

# What other query languages mean by something we would overlook, and what it is here.
_FOREIGN = (
    (re.compile(r"!.*"), "! does not negate here. Write -word or NOT word"),
    (re.compile(r"\|+|&+"), "{0} joins nothing here. Write OR, AND, or nothing for AND"),
    (re.compile(r".*~\d*"), "~ has no meaning here. For words near one another write a NEAR/5 b"),
    (
        re.compile(r"/.+/[a-z]*"),
        "regular expressions cannot be searched. Write words, or the beginning of one: ukrain*",
    ),
    (
        re.compile(r".*\w\?\w.*"),
        "? stands for no letter here. Write the spellings as (a OR b), or a beginning: ukrain*",
    ),
)


def _parts(text: str, column: int, *, quoted: bool) -> tuple[Part, ...]:
    """The words of a term, folded. `column` is where the text begins in the query."""
    if not quoted:
        _refuse_foreign(text, column)
    parts: list[Part] = []
    for piece in re.finditer(r"\S+", text):
        parts += _piece(piece[0], column + piece.start())
    if not parts:
        what = "the phrase is empty" if not text.strip() else f'"{_shown(text)}" holds no letter or digit to search for'
        raise RuleError(f"{what}. Write a word", column)
    return tuple(parts)


def _piece(piece: str, column: int) -> list[Part]:
    """The words of a piece without spaces: `l'ukrain*` is `l` and everything that begins with `ukrain`."""
    body = piece.rstrip("*")
    tokens = tokenize(body)
    parts = [Part(word) for word in tokens.words]
    if "*" in body:
        at = column + body.index("*")
        raise RuleError("* stands only at the end of a word, as in ukrain*. Remove it, or list the spellings", at)
    if body == piece or not body:
        return parts
    if not tokens.words or tokens.ends[-1] != len(body) or len(tokens.words[-1]) < 2:
        message = "* needs at least two letters right before it, as in ukrain*. Write more of the word, or leave it out"
        raise RuleError(message, column + len(body))
    return [*parts[:-1], Part(tokens.words[-1], is_open=True)]


def _refuse_foreign(text: str, column: int) -> None:
    field = _FIELD.match(text)
    if field and field[1].lower() == "title":
        raise RuleError('title: needs a word, a "phrase" or a (group) right behind it', column)
    if field:
        what = f'there is no field "{_shown(field[1])}"; only title: can be searched alone'
        raise RuleError(f'{what}. To search for it literally, write "{_shown(text)}"', column)
    if text in _DASHES:
        raise RuleError(f"{text} stands right before what must be absent. Write -word", column)
    for pattern, message in _FOREIGN:
        if pattern.fullmatch(text):
            literally = f'. To search for it literally, write "{_shown(text)}"' if tokenize(text).words else ""
            raise RuleError(message.format(_shown(text)) + literally, column)


# ── aliases ──────────────────────────────────────────────────────────────────────────────────────────────────────────

_OPERATOR_IN_ALIAS = re.compile(rf"(?:^|\s)(?:AND|OR|NOT|NEAR/\d+)(?:\s|$)|[{_OPENING}{_CLOSING}]|^-|^title:")


class _Aliases:
    """Aliases by name, each worked out once: a flat list of terms."""

    def __init__(self, items: Mapping[str, Sequence[str]]) -> None:
        self.items = items
        self.known: dict[str, tuple[Term, ...]] = {}
        self.open: list[str] = []  # the aliases being worked out, outermost first

    def terms(self, name: str, column: int) -> tuple[Term, ...]:
        """What an alias stands for, each term once. `column` is where the query uses it, and so where errors are."""
        if name in self.known:
            return self.known[name]
        if name in self.open:
            chain = " → ".join(f"@{link}" for link in (*self.open[self.open.index(name) :], name))
            raise RuleError(f"the alias @{name} contains itself: {chain}. Take it out of one of them", column)
        if name not in self.items:
            raise RuleError(self._unknown(name), column)
        if len(self.open) >= MAX_DEPTH:
            raise RuleError(f"aliases are nested more than {MAX_DEPTH} deep. Write them flatter", column)
        self.open.append(name)
        terms: dict[Term, None] = {}
        for item in self.items[name]:
            terms |= dict.fromkeys(self._item(name, item.strip(), column))
        self.open.pop()
        if not terms:
            raise RuleError(f"the alias @{name} is empty. Give it a word, or remove it here", column)
        self.known[name] = tuple(terms)
        return self.known[name]

    def _item(self, name: str, item: str, column: int) -> tuple[Term, ...]:
        if item.startswith("@"):
            return self.terms(item[1:], column)
        if _OPERATOR_IN_ALIAS.search(item):
            what = f'the alias @{name} holds "{_shown(item)}"'
            raise RuleError(f"{what}. An item is a word, a phrase or another @alias: list each by itself", column)
        try:
            return (Term(_parts(item.strip(_QUOTES), 1, quoted=True)),)
        except RuleError as error:
            raise RuleError(f'the alias @{name} holds "{_shown(item)}": {error.message}', column) from None

    def _unknown(self, name: str) -> str:
        if not name:
            return '@ stands before the name of an alias. Write @NAME, or quote the text to search for a literal "@"'
        by_folded = {known.casefold(): known for known in self.items}
        close = get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.5)
        if close:
            return f"there is no alias @{name}. Did you mean @{by_folded[close[0]]}?"
        return f'there is no alias @{name}. Add it under "aliases", or write the words'
