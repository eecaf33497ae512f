"""What stands where the grammar does not expect it, as one line for the person who wrote the rule."""

from __future__ import annotations

from typing import Any

from lark import Token, UnexpectedInput, UnexpectedToken

from monitor.errors import RuleError
from monitor.text import one_line

_END = "$END"


def why_unexpected(error: UnexpectedInput, query: str) -> RuleError:
    """What is wrong where the parser stopped: told by what stands there, what stands before, and what is still open."""
    if not isinstance(error, UnexpectedToken):
        column = (error.pos_in_stream or 0) + 1
        quote = query[column - 1]
        return RuleError(f"{quote} opens a phrase that is never closed. Close it, or remove it", column)
    token: Token = error.token
    column = len(query) + 1 if token.type == _END else (token.start_pos or 0) + 1
    read = _read(error)
    before = read[-1] if read and isinstance(read[-1], Token) else None
    opening = next(
        (part for part in reversed(read) if isinstance(part, Token) and part.type in ("OPEN", "COUNT")), None
    )
    expected = error.expected

    if "COMPARE" in expected:
        return RuleError("behind count() stands what to compare with. Write count(word) >= 3", column)
    if "NUMBER" in expected:
        return RuleError(f"{_shown(before)} stands before a number. Write count(word) {_shown(before)} 3", column)
    if before is not None and before is opening and token.type == "_CLOSE":
        message = "there is nothing between the parentheses. Remove them, or write a word"
        return RuleError(message, (before.start_pos or 0) + len(before))
    if before is None and read:
        return _behind_a_term(token, column, opening, read)
    if before is not None and before.type == "MARK" and token.type != _END:
        message = f'{before} stands before a word or a "phrase". Write {before}word at each one'
        return RuleError(message, (before.start_pos or 0) + 1)
    wanted = "a value" if "VALUE" in expected else "a word"
    return RuleError(_nothing_written(token, before, wanted), column)


def _read(error: UnexpectedToken) -> list[Any]:
    """What the parser has read and not yet made a whole of: tokens and trees."""
    parser: Any = error.interactive_parser
    return list(parser.parser_state.value_stack)


def _behind_a_term(token: Token, column: int, opening: Token | None, read: list[Any]) -> RuleError:
    """What is wrong behind something complete, where an operator or another term could have stood."""
    if token.type == _END and opening is not None:
        message = f'"{opening}" is never closed. Close it, or quote the text to search for a literal "("'
        return RuleError(message, (opening.start_pos or 0) + 1)
    if token.type == "_CLOSE":
        message = f'"{token}" closes nothing. Remove it, or quote the text to search for it literally'
        return RuleError(message, column)
    field = next(part for part in reversed(read) if isinstance(part, Token) and part.type == "VALUE_FIELD")
    message = f"within {_shown(field)}(…) stand values with OR between them. Write {_shown(field)}(a OR b)"
    return RuleError(message, column)


def _nothing_written(token: Token, before: Token | None, wanted: str) -> str:
    """What stands where a word should, and behind what."""
    what = "the query ends" if token.type == _END else f"{_shown(token)} stands"
    if before is None:
        where = f"at the beginning, where {wanted} is expected"
    else:
        where = f"after {_shown(before)}, where {wanted} is expected"
    advice = "Write one" if token.type in (_END, "_CLOSE") else f'Write one, or "{_shown(token)}" to search for it'
    return f"{what} {where}. {advice}"


def _shown(token: Token | None) -> str:
    """A piece of the query as an error shows it: on one line, not too long."""
    return one_line(token or "", 60)
