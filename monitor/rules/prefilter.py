"""Query to FTS5 expression: which articles of the archive are worth evaluating. And what the index is given to read.

The table's tokenizer (`unicode61 remove_diacritics 2`, https://www.sqlite.org/fts5.html#unicode61_tokenizer) reads
words otherwise than we do: it keeps ß, œ, ø, ł, ά and أ, takes a Chinese sentence for one word, and glues to a word
every emoji younger than its tables. So a title or text with a character that the two read differently is indexed as its
words, as rules see them, with spaces between; any other as it is. The expression asks for a word in each spelling that
folds to it, which finds it in either.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from monitor.rules.gates import gate
from monitor.rules.ruleset import Query, Rule
from monitor.rules.tree import And, Count, First, Has, In, Near, Node, Not, Or, Part, Regex, Term
from monitor.rules.words import fold_words, written_words

# Characters that divide words for both tokenizers, or are the same letter to both, or one of _KEPT. Latin, Greek,
# Cyrillic, Armenian, Hebrew, Arabic, punctuation, currencies, signs, Hangul, emoji. A test asks SQLite about each.
_ALIKE = (
    "\n -~\u00a1-\u00a9\u00ab\u00ac\u00ae-\u00b1\u00b4-\u00b8\u00bb\u00bf-\u0131\u0134-\u013e\u0141-\u0148\u014a-\u017e"
    "\u01cd-\u01df\u01e4-\u01ed\u01f4-\u01fb\u0200-\u02af\u0300-\u0304\u0306-\u030c\u030f\u0311\u031b\u0323-\u0328"
    "\u0330\u0331\u0370-\u0373\u0375-\u0377\u0384-\u0386\u0388-\u038a\u038c\u038e-\u03a1\u03a3-\u03d1\u03d5-\u03f1\u03f3-\u03f8\u03fa-\u03ff"
    "\u0401-\u040c\u040e-\u044f\u0451-\u045c\u045e-\u0527\u0531-\u0556\u0559-\u058a\u05be\u05d0-\u05ea\u05f3\u05f4\u0606-\u061b\u061e-\u063f\u0641-\u064a\u066a-\u066f\u0671-\u0674\u0679-\u06d5"
    "\u1e00-\u1e99\u1e9b-\u1eff\u2010-\u2027\u2030-\u205e\u20a0-\u20b9\u2190-\u2328\u2500-\u26ff"
    "\u2701-\u27bf\uac00-\ud7a3\U0001f1e6-\U0001f1ff\U0001f300-\U0001f320\U0001f3a0-\U0001f3c4\U0001f400-\U0001f43e"
    "\U0001f500-\U0001f53d\U0001f5fb-\U0001f640\U0001f680-\U0001f6c5"
)
_READ_ALIKE = re.compile(f"[{_ALIKE}]*")

# What may be asked for: words of letters that _ALIKE holds.
_ASKED = re.compile(
    "[0-9a-z'\u0180-\u02af\u0370-\u03ff\u0430-\u0527\u0561-\u0587\u05d0-\u05ea\u0620-\u063f\u0641-\u064a\u066e-\u06d5\uac00-\ud7a3]+"
)
# Scripts of which _ALIKE holds nothing, and nothing that folds to it: from Syriac to Georgian, from Ethiopic to
# Mongolian, Chinese, Japanese. A field that holds one is indexed as its words.
NOT_ALIKE = re.compile("[\u0700-\u10ff\u1200-\u1cff\u2e80-\ua4cf\U00020000-\U0003ffff]")
# Letters that we fold to others, and FTS5 keeps: Latin, Cyrillic, Greek, Armenian, Arabic.
_KEPT = tuple(
    (folded, kept)
    for folded, forms in [
        *(("ss", "ß"), ("ae", "æ"), ("oe", "œ"), ("o", "ø"), ("l", "ł"), ("d", "đ"), ("i", "ı"), ("е", "ё")),
        *(("α", "ά"), ("ε", "έ"), ("η", "ή"), ("ι", "ίϊΐ"), ("ο", "ό"), ("υ", "ύϋΰ"), ("ω", "ώ"), ("եւ", "և")),
        *(("ا", "آأإٱ"), ("ك", "ک"), ("ي", "ىی")),
    ]
    for kept in forms
)
_DIGITS = re.compile("[0-9]+")
_GROUP = 3  # digits
_MOST_SPELLINGS = 64


def fts_text(text: str) -> str | None:
    """What the index is given of a title or text: its folded words, a space between two. None: it reads it as it is."""
    return None if _READ_ALIKE.fullmatch(text) else " ".join(fold_words(written_words(text)))


def fts_prefilter(query: Query) -> str | None:
    """An FTS5 MATCH expression for `articles_fts(title, text)`; None when it cannot narrow the search.

    It finds every article that the query matches, and others.
    """
    return _expression(query.tree)


def fts_word(part: Part) -> str | None:
    """An expression for one word; None for a word that the index may hold otherwise than we read it."""
    return _word(part)


def fts_words(text: str) -> str:
    """An FTS5 MATCH expression for these words in a row, in whatever script; quotes and signs in them mean nothing."""
    words = fold_words(written_words(text))
    return _all_of(_phrases([Part(word) for word in words])) or '""'


def fts_prefilter_of(rule: Rule) -> str | None:
    """The same for a rule: its query, and of its scores those without which they cannot reach the threshold."""
    needed = [] if rule.query is None else [_expression(rule.query)]
    if rule.scores and rule.gate:
        needed.append(_any_of(map(_word, sorted(rule.gate, key=lambda part: part.letters))))
    return _all_of(needed)


def _expression(node: Node) -> str | None:
    match node:
        case Term(field="author" | "link" | "source") | Has() | Regex() | Not():
            return None
        case Term(parts):
            return _all_of(_phrases(parts))
        case Near(left, right):
            return _all_of((_expression(left), _expression(right)))
        case And(nodes):
            return _all_of(map(_expression, nodes))
        case Or(nodes):
            return _any_of(map(_expression, nodes))
        case Count(inner):
            return _expression(inner) if gate(node) is not None else None
        case First(_, inner) | In(_, inner):
            return _expression(inner)


def _all_of(expressions: Iterable[str | None]) -> str | None:
    """Joined by AND; what cannot narrow is left out."""
    known = list(dict.fromkeys(expression for expression in expressions if expression is not None))
    return f"({' AND '.join(known)})" if len(known) > 1 else next(iter(known), None)


def _any_of(expressions: Iterable[str | None]) -> str | None:
    """Joined by OR; None when one of them cannot narrow."""
    known = []
    for expression in expressions:
        if expression is None:
            return None
        known.append(expression)
    return f"({' OR '.join(dict.fromkeys(known))})" if len(known) > 1 else next(iter(known), None)


def _phrases(parts: Sequence[Part]) -> Iterator[str | None]:
    """The words of a term. With one of a script that is indexed word by word, whole words in a row are one phrase."""
    if not any(NOT_ALIKE.search(part.letters) for part in parts):
        yield from map(_word, parts)
        return
    row: list[str] = []
    for part in parts:
        if part.stem is None and not part.is_open and _is_indexed(part.letters):
            row.append(part.letters)
            continue
        yield _quoted(row)
        row = []
        yield _word(part)
    yield _quoted(row)


def _quoted(words: Sequence[str]) -> str | None:
    return f'"{" ".join(words)}"' if words else None


def _is_indexed(letters: str) -> bool:
    """Whether a word holds a letter that FTS5 takes for one: its tables are of Unicode 6.1, these of 3.2."""
    return any(unicodedata.ucd_3_2_0.category(letter)[0] in "LN" for letter in letters)


def _word(part: Part) -> str | None:
    """One word in every spelling FTS5 may hold; None for a word that may not be asked for."""
    letters, is_open = part.letters, part.is_open
    if part.stem is not None:
        return None
    if NOT_ALIKE.search(letters):
        return f'"{letters}"{" *" if is_open else ""}' if _is_indexed(letters) else None
    if not _ASKED.fullmatch(letters):
        return None
    if letters == "n":
        return None  # № is `n` with a sign, and a sign to FTS5
    digits = _DIGITS.match(letters)
    if digits is not None:
        number, unit = digits[0], letters[digits.end() :]
        if is_open and (len(number) > _GROUP or not unit):
            return None  # 20* is to find 2,000
        if len(number) > _GROUP:  # 20,000km is two words to FTS5
            written = (number, *_grouped(number))
            return _any_of(f'"{each}{unit}"' for each in written)
    spellings = 1
    for index in range(len(letters)):
        spellings *= 1 + sum(letters.startswith(folded, index) for folded, _ in _KEPT)
        if spellings > _MOST_SPELLINGS:  # asked for by its beginning, which has fewer
            letters, is_open = letters[:index], True
            break
    star = " *" if is_open else ""
    return _any_of(f'"{spelling}"{star}' for spelling in sorted(_spellings(letters, is_open=is_open)))


def _grouped(digits: str) -> tuple[str, str]:
    """A number of four digits or more in groups of three, and as in India: of two before the last three."""
    head, last = digits[:-_GROUP], digits[-_GROUP:]
    threes, twos = (
        [head[max(at - size, 0) : at] for at in range(len(head), 0, -size)][::-1] for size in (_GROUP, _GROUP - 1)
    )
    return " ".join([*threes, last]), " ".join([*twos, last])


def _spellings(letters: str, *, is_open: bool) -> list[str]:
    """Everything that folds to these letters, as FTS5 would hold it; of an open word, the beginnings of it."""
    until: list[list[str]] = [[""], *([] for _ in letters)]  # spellings of the first n letters
    for index in range(len(letters)):
        rest = letters[index:]
        for spelling in until[index]:
            until[index + 1].append(spelling + rest[0])
            for folded, kept in _KEPT:
                if rest.startswith(folded):
                    until[index + len(folded)].append(spelling + kept)
                elif is_open and folded.startswith(rest):  # stras* finds Straße
                    until[-1].append(spelling + kept)
    return until[-1]
