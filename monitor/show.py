"""What the commands print: a table for people, JSON or CSV for machines, nothing that could steer a terminal."""

from __future__ import annotations

import csv
import dataclasses
import json
import os
import shutil
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any, TextIO

from monitor.sheets import inert, markdown
from monitor.text import clean

# What a table is given when it is not printed on a terminal, so that a line is never wrapped in a file or a pipe.
WIDE = 10_000

# What an alert waits for, by `deliveries.why`.
WAITS_FOR = {
    "group": "for others to go with",
    "followup": "for more of its story",
    "digest": "for its digest",
    "quiet": "for the end of quiet hours",
    "cap": "because of a limit of mails an hour",
    "mute": "because it is muted",
    "burst": "for the next summary",
    "storm": "to go with what was published again",
    "backlog": "to go with the rest of a backlog",
}


def as_json(value: object) -> None:
    """One JSON document on standard output."""
    json.dump(plain(value), sys.stdout, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None)
    sys.stdout.write("\n")


def as_csv(columns: Sequence[str], rows: Iterable[Sequence[object]], out: TextIO | None = None) -> None:
    """Comma-separated values with a header line (RFC 4180); no cell is a formula to a spreadsheet."""
    writer = csv.writer(out or sys.stdout, lineterminator="\n")
    writer.writerow(map(inert, columns))
    writer.writerows([inert(_csv_cell(value)) for value in row] for row in rows)


def _csv_cell(value: object) -> object:
    """A value as a cell: lists as JSON, bytes as hexadecimal, all else as it is."""
    value = plain(value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value


def as_markdown(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table in Markdown, to be pasted."""
    sys.stdout.write(markdown(columns, ([cell(value) for value in row] for row in rows)))


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, right: Iterable[str] = ()) -> None:
    """An aligned table: fitted to the terminal, or as wide as it needs when standard output is not one."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=box.SIMPLE_HEAD if sys.stdout.isatty() else None, pad_edge=False, header_style="bold")
    for column in columns:
        grid.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        grid.add_row(*(Text(cell(value)) for value in row))
    _console().print(grid)


def marked(text: str, marks: Sequence[tuple[int, int]], *, indent: int = 0) -> None:
    """A passage with its matched words shown in bold, or between asterisks when standard output is no terminal."""
    from rich.padding import Padding
    from rich.text import Text

    if sys.stdout.isatty() and "NO_COLOR" not in os.environ:
        passage = Text(clean(text)) if not marks else Text(text)
        for start, end in marks:
            passage.stylize("bold yellow", start, end)
        _console().print(Padding(passage, (0, 0, 0, indent)))
        return
    for start, end in sorted(marks, reverse=True):
        text = f"{text[:start]}*{text[start:end]}*{text[end:]}"
    print(" " * indent + clean(text))


def line(text: str = "") -> None:
    """One line on standard output."""
    print(clean(text))


def paragraph(text: str, *, indent: int = 0) -> None:
    """A text on standard output, wrapped between words when that is a terminal."""
    margin = " " * indent
    text = clean(text).replace("\n", " ")
    if not sys.stdout.isatty():
        print(margin + text)
        return
    width = max(shutil.get_terminal_size().columns, 40)
    lines = textwrap.wrap(text, width, initial_indent=margin, subsequent_indent=margin, break_on_hyphens=False)
    print("\n".join(lines))


def note(text: str) -> None:
    """One line of message, on standard error."""
    print(clean(text), file=sys.stderr)


def cell(value: object) -> str:
    """A value as people read it: nothing for None, short instants, no control characters."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return f"{value.astimezone():%Y-%m-%d %H:%M}"
        case timedelta():
            return ago(value)
        case float():
            return f"{value:g}"
        case bytes():
            return f"<{len(value)} bytes>"
        case Enum():
            return str(value.value)
        case tuple() | list():
            return ", ".join(map(cell, value))
        case _:
            return clean(str(value)).replace("\n", " ")


def counted(number: int, thing: str, things: str | None = None) -> str:
    """A number of things: `1 article`, `2 articles`; `things` where an s does not make the plural."""
    return f"{number} {thing}" if number == 1 else f"{number} {things or thing + 's'}"


def ago(span: timedelta) -> str:
    """A duration in its largest unit: 45s, 12m, 3h, 2d."""
    seconds = max(int(span.total_seconds()), 0)
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _console() -> Any:
    from rich.console import Console

    terminal = sys.stdout.isatty()
    return Console(
        file=sys.stdout, width=None if terminal else WIDE, highlight=False, markup=False, soft_wrap=not terminal
    )


def plain(value: object) -> object:
    """A value as JSON has it: instants as UTC text, durations in seconds, bytes as hexadecimal."""
    match value:
        case Enum():
            return value.value
        case datetime():
            return f"{value:%Y-%m-%dT%H:%M:%SZ}"
        case timedelta():
            return value.total_seconds()
        case bytes():
            return value.hex()
        case Path():
            return str(value)
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case tuple() | list() | set() | frozenset():
            return [plain(item) for item in value]
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return {each.name: plain(getattr(value, each.name)) for each in dataclasses.fields(value)}
        case _:
            return value
