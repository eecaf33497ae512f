"""Regular expressions, by RE2 (https://github.com/google/re2/wiki/Syntax): in time linear in the text."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import re2

from monitor.errors import RuleError
from monitor.text import one_line

_MEMORY = 1 << 20  # bytes for the compiled form of one expression

# What RE2 says, and what we say. {0} is the piece that RE2 names.
_REASONS = tuple(
    (re.compile(theirs), ours)
    for theirs, ours in (
        (r"missing \)", 'a "(" is never closed. Close it, or write \\( for the sign'),
        (r"unexpected \)", 'a ")" closes nothing. Remove it, or write \\) for the sign'),
        (r"missing \]", 'a "[" is never closed. Close it, or write \\[ for the sign'),
        (r"invalid perl operator: \(\?<?[=!]", "{0} looks ahead or behind, which cannot be done. Write a second query"),
        (
            r"invalid perl operator: \(\?P$|invalid escape sequence: \\[1-9k]",
            "{0} refers back, which cannot be done. Write the pattern again",
        ),
        (r"invalid perl operator", "{0} means nothing here. Write (…), (?:…) or (?i)"),
        (
            r"invalid escape sequence",
            "{0} means nothing here. Write \\w, \\d, \\s, \\b or \\pL, or leave the backslash out",
        ),
        (r"trailing \\", "the backslash at the end stands before nothing. Write \\\\ for the sign"),
        (r"(?:no|missing) argument", "{0} has nothing before it to repeat. Write \\{0} for the sign"),
        (r"bad repetition", "{0} repeats a repetition. Write one of its signs"),
        (r"invalid repetition size", "{0} repeats too often. At most 1000 times in all, one within another multiplied"),
        (r"invalid character class", "{0} is no set of characters. Write one as in [a-z] or \\p{{Cyrillic}}"),
        (r".*too large", "it is too big. Repeat less, or write several"),
    )
)


@lru_cache(maxsize=10_000)
def compiled(source: str, ignore_case: bool) -> Any:
    """An `re2` pattern of what stands between the slashes. Raises re2.error."""
    options = re2.Options()
    options.max_mem = _MEMORY
    options.log_errors = False
    options.case_sensitive = not ignore_case
    return re2.compile(source, options)


def check(source: str, ignore_case: bool, column: int) -> None:
    """Raises RuleError for an expression that RE2 does not take. `column` is where it begins in the query."""
    try:
        compiled(source, ignore_case)
    except re2.error as error:
        reason = error.args[0].decode("utf-8", "replace")
        piece = reason.partition(": ")[2]
        message = next((ours for theirs, ours in _REASONS if theirs.match(reason)), "RE2 refuses it: {0}")
        message = message.format(one_line(piece or reason, 60))
        raise RuleError(f"in this regular expression {message}", column + max(source.find(piece), 0)) from None
