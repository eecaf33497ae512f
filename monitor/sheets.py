"""Values as other programs read them in a table: spreadsheets, which take some texts for formulas, and Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

# What Excel, LibreOffice and Google Sheets may take for a formula, or lose before one; also in full width. And texts
# that look as if they had been through here, so that taking one apostrophe away gives back every text.
# https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = re.compile("'*[=+\\-@\t\r\n＝＋－＠]")

# An underscore within a word is only that.
_MARKUP = re.compile(r"([\\|*`<>\[\]~#$]|(?<!\w)_|_(?!\w))")


def inert(value: object) -> object:
    """A value for a CSV file: a text that a spreadsheet may take for a formula gets an apostrophe before it.

    Numbers stay numbers, also negative ones. Who wants the text back takes one apostrophe away where, after any number
    of them, one of `= + - @`, tab or line break comes.
    """
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value


def markdown(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in GitHub's Markdown (https://github.github.com/gfm/#tables-extension-), a line a row."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(map(_cell, line))} |\n" for line in lines)


def _cell(value: str) -> str:
    return value if value == "---" else _MARKUP.sub(r"\\\1", " ".join(value.split()))
