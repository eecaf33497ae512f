"""The words of a rule: what each of them asks of a text.

`l'ukrain*` is the word `l` and every word that begins with `ukrain`; `wom?n` and `col*r` are patterns; `AT&T` asks for
its sign. Whatever else stands there means nothing, as in a text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from monitor.errors import RuleError
from monitor.rules.tree import Part
from monitor.rules.words import exact_form, fold_words, locate, sign_after, sign_before, stem_form, written_words
from monitor.text import SPACELESS, one_line

FEWEST_LETTERS = 2  # before the first wildcard: what begins with one letter is half the dictionary
MOST_WILDCARDS = 4  # in a word, less a star at its end: each multiplies the time that a hostile text can take
_INNER_STAR = ".{0,10}"

_PLAIN = re.compile(r"[A-Za-zÀ-ÖØ-öø-ɏЀ-ҁҊ-ӿ]+")  # most words: letters only, one as good as the other
_WILDCARDS = re.compile(r"[*?]+")
_SPACELESS = re.compile(f"[{SPACELESS}]")


@dataclass(slots=True)
class _Word:
    """A word of a rule: literal pieces, with wildcards between them and perhaps at the end."""

    pieces: list[str]  # as written
    start: int  # its first character
    end: int  # one past the last character, wildcards included
    wildcards: list[str] = field(default_factory=list)  # [0] stands behind pieces[0], and so on
    at: int = 0  # the first wildcard


def parts_of(text: str, column: int, *, quoted: bool, exact: bool = False, stem: bool = False) -> tuple[Part, ...]:
    """What a word or phrase of a rule asks of a text; at least one part.

    `text` is cleaned. It stands at `column` (1-based) of the query, less its quotes and less the `=` (`exact`) or `~`
    (`stem`, never both) before them. Raises RuleError.
    """
    if not (exact or stem) and _PLAIN.fullmatch(text):
        return (Part(fold_words([text])[0]),)
    words = _words(text, column, quoted=quoted)
    if not words:
        what = "the phrase is empty" if not text.strip() else f'"{_shown(text)}" holds no letter or digit to search for'
        raise RuleError(f"{what}. Write a word", column)
    return tuple(_part(word, text, column, exact=exact, stem=stem) for word in words)


def _words(text: str, column: int, *, quoted: bool) -> list[_Word]:
    written = written_words(text)
    words: list[_Word] = []
    at = 0  # behind the word before
    for piece, (start, end) in zip(written, locate(written, text), strict=True):
        joins = _read_wildcards(words, text[at:start], column + at, following=piece, quoted=quoted)
        if joins:
            words[-1].pieces.append(piece)
            words[-1].end = end
        else:
            words.append(_Word([piece], start, end))
        at = end
    _read_wildcards(words, text[at:], column + at, following="", quoted=quoted)
    return words


def _read_wildcards(words: list[_Word], gap: str, column: int, *, following: str, quoted: bool) -> bool:
    """Reads the wildcards between two words, or behind the last. Whether they make one word of the two.

    `gap` is all that stands there and begins at `column`; `words` end with the word before it.
    """
    joins = False
    for run in _WILDCARDS.finditer(gap):
        place = column + run.start()
        before = words[-1] if words and run.start() == 0 else None
        behind = following if run.end() == len(gap) else ""
        if quoted and not behind and "*" not in run[0]:
            continue  # "Qui a tué Kennedy?": in a phrase a question mark at the end of a word is one
        beside = [piece for piece in (before.pieces[-1] if before else "", behind) if _SPACELESS.match(piece)]
        if len(beside) == 2 or (beside and "?" in run[0]):
            raise RuleError(
                f"{run[0]} does not work where words are written without spaces: every character is a word there. "
                "Leave it out, write the spellings as (a OR b), or two parts of it as a BEFORE/3 b",
                place,
            )
        if beside and (before is None or _SPACELESS.match(before.pieces[-1])):
            continue  # every character is a word there, so what begins with it is found anyway
        if before is None:
            raise RuleError(_without_beginning(run[0], behind), place)
        if not before.wildcards:
            before.at = place
        before.wildcards.append(run[0])
        before.end += len(run[0])
        joins = bool(behind) and not beside
    return joins


def _without_beginning(wildcards: str, behind: str) -> str:
    example = "ukrain*" if "*" in wildcards else "wom?n"
    if behind:
        return (
            f"{wildcards} cannot stand at the beginning of a word. Write its beginning, as in {example}, "
            "or list the words as (a OR b)"
        )
    return (
        f"{wildcards} needs at least two letters right before it, as in {example}. "
        "Write more of the word, or leave it out"
    )


def _part(word: _Word, text: str, column: int, *, exact: bool, stem: bool) -> Part:
    letters, *others = fold_words(word.pieces)
    part = Part(
        letters,
        is_open=bool(word.wildcards),
        exact=exact_form(word.pieces[0]) if exact else None,
        sign=sign_after(text, word.end),
        stem=stem_form(word.pieces[0]) if stem else None,
        before=sign_before(text, word.start),
    )
    if not word.wildcards:
        return part
    only_open = not others and "?" not in word.wildcards[0]
    shown = "".join(word.wildcards)
    if stem:
        message = f"~ finds all forms of a word; {shown} is not for it. Leave out one of the two"
        raise RuleError(message, word.at)
    if len(letters) < FEWEST_LETTERS:
        raise RuleError(_without_beginning(word.wildcards[0], ""), word.at)
    if exact and not only_open:
        message = "= takes a word as it is written, or its beginning, as in =OTAN*. Leave out = or write the spellings"
        raise RuleError(message, word.at)
    return part if only_open else part._replace(pattern=_pattern(word, letters, others))


def _pattern(word: _Word, letters: str, others: list[str]) -> str:
    """A regular expression for a whole word, folded, or folded with œ, æ and ß as one letter."""
    source = re.escape(letters)
    count = 0
    for number, wildcards in enumerate(word.wildcards):
        singles, star = wildcards.count("?"), "*" in wildcards
        is_last = number >= len(others)
        count += singles + (star and not is_last)
        source += "." * singles
        if star:
            source += ".*" if is_last else _INNER_STAR
        if not is_last:
            source += re.escape(others[number])
    if count > MOST_WILDCARDS:
        message = (
            f"a word takes at most {MOST_WILDCARDS} wildcards. Write its beginning, as in ukrain*, or the spellings"
        )
        raise RuleError(message, word.at)
    return source


def _shown(text: str) -> str:
    """A piece of the rule as an error shows it: on one line, not too long."""
    return one_line(text, 60)
