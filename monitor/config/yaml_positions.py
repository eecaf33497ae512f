"""YAML text → values that know where they stand; with `yaml_spans` the only importer of PyYAML.

We walk the parser's events ourselves instead of letting PyYAML build values, because a configuration file deserves
more care than its loader gives:

- every value keeps its line and column, so an error can name them;
- scalars are read by the YAML 1.2 core schema (https://yaml.org/spec/1.2.2/#103-core-schema): only `true`/`false`,
  `null`/`~`, integers and floats are not text. YAML 1.1 would make `language: no` False and `22:22` the number 1342;
- a key written twice is an error, not the last one winning;
- nesting is bounded, and so is what aliases unfold to: 300 bytes can stand for gigabytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from monitor.errors import Problem
from monitor.text import one_line

MAX_BYTES = 10_000_000
MAX_DEPTH = 30  # the deepest thing we read is five levels down
MAX_VALUES = 1_000_000  # with aliases unfolded; 10 MB of feeds are about 500,000

# The C parser is ten times faster; PyYAML is also distributed without it.
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_INT = re.compile(r"[-+]?[0-9]{1,18}")  # longer ones stay text: nothing we count needs them
_BASED = re.compile(r"0o[0-7]{1,18}|0x[0-9a-fA-F]{1,15}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*)([eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_WORDS = {"": None, "~": None} | {
    spelling: value
    for word, value in (("null", None), ("true", True), ("false", False))
    for spelling in (word, word.capitalize(), word.upper())
}
# What YAML calls printable (§5.1); anything else must be escaped in double quotes.
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


@dataclass(slots=True, eq=False)
class Node:
    """One value of the document and where it stands. Lines and columns are 1-based, in code points."""

    value: Any  # plain Python: str, int, float, bool, None, list, dict
    line: int
    column: int
    end_line: int = 0
    end_column: int = 0  # one past the last
    raw: str = ""  # a scalar's text before it was read as a number or a word; "" for a list or a mapping
    style: str = ""  # of a scalar: ' or " when quoted, | or > when a block, "" when plain
    items: list[Node] = field(default_factory=list)  # of a list
    entries: dict[str, Node] = field(default_factory=dict)  # of a mapping
    keys: dict[str, Node] = field(default_factory=dict)  # of a mapping: where each key stands
    values: int = 1  # how many values this one unfolds to, itself included

    def at(self, path: Sequence[str | int]) -> Node:
        """The value at the end of `path`, or the last one on the way that exists."""
        node = self
        for step in path:
            if isinstance(step, str) and step in node.entries:
                node = node.entries[step]
            elif isinstance(step, int) and step < len(node.items):
                node = node.items[step]
            else:
                break
        return node

    def column_of(self, offset: int) -> int | None:
        """The column in the file of this scalar's code point `offset`. None when several lines or escapes hide it."""
        quotes = 1 if self.style and self.style in "'\"" else 0
        doubled = self.raw.count("'") if self.style == "'" else 0
        width = len(self.raw) + 2 * quotes + doubled
        if self.end_line != self.line or self.end_column - self.column != width:
            return None
        return self.column + quotes + offset + (self.raw[:offset].count("'") if doubled else 0)


class _Stop(Exception):
    """Reading cannot go on; carries the problem that says why."""

    def __init__(self, line: int, column: int, message: str) -> None:
        self.problem = Problem(line=line, column=column, path="", message=message)


def read(data: bytes, loader: Any = LOADER) -> tuple[Node | None, list[Problem]]:
    """The document, and all that is wrong with it as YAML.

    None when it holds nothing, or when what is wrong left nothing to go on with. With a node and problems at once,
    the first of two equal keys was kept and tags were ignored, so that the rest can be checked too.
    """
    problems: list[Problem] = []
    text = ""
    try:
        text = _decode(data)
        root = _compose(yaml.parse(text, Loader=loader), problems)
    except _Stop as stop:
        return None, [*problems, stop.problem]
    except yaml.MarkedYAMLError as error:
        return None, [*problems, _syntax_problem(error, text)]
    except (ValueError, OverflowError):  # the pure Python parser, on an escape beyond Unicode
        return None, [*problems, Problem(line=0, column=0, path="", message="an escape \\U… names no character")]
    return root, problems


def _decode(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise _Stop(0, 0, f"is over {MAX_BYTES // 1_000_000} MB. A configuration is a thousand times smaller")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _Stop(0, 0, "is UTF-16. Save it as UTF-8")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, column = _place(error.object[: error.start].decode("utf-8-sig"))
        raise _Stop(line, column, f"byte 0x{error.object[error.start]:02x} is not UTF-8. Save it as UTF-8") from error
    if found := _UNPRINTABLE.search(text):
        line, column = _place(text[: found.start()])
        raise _Stop(line, column, f"control character U+{ord(found[0]):04X}. Delete it")
    return text


def _place(before: str) -> tuple[int, int]:
    """Line and column of what follows `before`."""
    lines = _LINE_BREAK.split(before)
    return len(lines), len(lines[-1]) + 1


# ── events to nodes ──────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class _Open:
    """A list or mapping that has begun and not ended."""

    node: Node
    anchor: str | None
    is_mapping: bool
    key: Node | None = None  # of a mapping: the key whose value comes next


def _compose(events: Iterator[Any], problems: list[Problem]) -> Node | None:
    """The tree of the first document. Iterative, so that nesting costs a list and not the interpreter's stack."""
    root: Node | None = None
    open_nodes: list[_Open] = []
    anchors: dict[str, Node] = {}
    documents = 0

    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise _Stop(*_start(event), "a second document begins here. Keep one, and delete the --- line")
            continue

        if isinstance(event, yaml.ScalarEvent):
            _refuse_tag(event, problems)
            node = _scalar(event)
            if event.anchor:
                anchors[event.anchor] = node
        elif isinstance(event, yaml.AliasEvent):
            node = _aliased(event, anchors)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            _refuse_tag(event, problems)
            if len(open_nodes) == MAX_DEPTH:
                raise _Stop(*_start(event), f"nested more than {MAX_DEPTH} deep. No key needs that: remove brackets")
            is_mapping = isinstance(event, yaml.MappingStartEvent)
            opened = Node({} if is_mapping else [], *_start(event))
            open_nodes.append(_Open(opened, event.anchor, is_mapping))
            continue
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            ended = open_nodes.pop()
            node = ended.node
            if ended.anchor:
                anchors[ended.anchor] = node
        else:
            continue  # the stream's and the document's own marks

        if open_nodes:
            _add(node, open_nodes[-1], problems)
        else:
            root = node

    return None if root is not None and root.value is None else root


def _add(node: Node, parent: _Open, problems: list[Problem]) -> None:
    """Puts a finished node into the list or mapping it stands in."""
    holder = parent.node
    holder.values += node.values
    if holder.values > MAX_VALUES:
        raise _Stop(node.line, node.column, f"more than {MAX_VALUES:,} values once the aliases (*name) are unfolded")

    if not parent.is_mapping:
        holder.items.append(node)
        holder.value.append(node.value)
        return
    if parent.key is None:
        if isinstance(node.value, list | dict):
            raise _Stop(node.line, node.column, "a key must be plain text, not a list or a mapping")
        parent.key = node
        return

    key, parent.key = parent.key, None
    if (first := holder.keys.get(key.raw)) is not None:
        message = f'"{one_line(key.raw, 80)}" is already written in line {first.line}. Keep one of them'
        problems.append(Problem(line=key.line, column=key.column, path="", message=message))
        return
    holder.keys[key.raw] = key
    holder.entries[key.raw] = node
    holder.value[key.raw] = node.value


def _scalar(event: Any) -> Node:
    plain = event.implicit[0]  # False when quoted, a block, or tagged
    start, end = event.start_mark, event.end_mark
    return Node(
        _core_value(event.value) if plain else event.value,
        start.line + 1,
        start.column + 1,
        end.line + 1,
        end.column + 1,
        event.value,
        event.style or "",
    )


def _core_value(text: str) -> Any:
    """A plain scalar by the YAML 1.2 core schema."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789":  # most are words: save them the patterns
        return text
    if _INT.fullmatch(text):
        return int(text)
    if _BASED.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _NOT_FINITE.fullmatch(text):
        return float(text.replace(".", ""))
    return text


def _aliased(event: Any, anchors: dict[str, Node]) -> Node:
    if (node := anchors.get(event.anchor)) is not None:
        return node
    message = f"*{event.anchor} stands for nothing written before it. Put text that begins with * in quotes"
    raise _Stop(*_start(event), message)


def _refuse_tag(event: Any, problems: list[Problem]) -> None:
    if event.tag is not None:
        tag = event.tag.replace("tag:yaml.org,2002:", "!!")
        message = f"the tag {tag} is not read. Write the value without it, in quotes where it is text"
        line, column = _start(event)
        problems.append(Problem(line=line, column=column, path="", message=message))


def _start(event: Any) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1


# ── syntax errors, in the words of someone who edits the file ────────────────────────────────────────────────────────


def _syntax_problem(error: Any, text: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    lines = _LINE_BREAK.split(text)
    line = lines[mark.line] if mark.line < len(lines) else ""
    before, here = line[: mark.column], line[mark.column :]
    said = f"{error.problem} {error.context}"
    if "cannot start any token" in said and here.startswith("\t"):
        advice = "a tab. Indent with spaces"
    elif "cannot start any token" in said:
        advice = f"text cannot begin with {here[:1]}. Put it in quotes: '{here.strip()[:40]}'"
    elif "mapping values are not allowed" in said:
        advice = 'a ":" where none can be. Put text that holds ": " in quotes, or correct the indentation'
    elif "quoted scalar" in said and "end of stream" in said:
        mark = error.context_mark or mark
        advice = "this quote is never closed"
    elif "flow" in said:
        mark = error.context_mark or mark
        advice = f"this bracket is not closed properly. Look for a missing comma or bracket ({error.problem})"
    elif "while parsing a block" in said and before.rstrip().endswith(("'", '"')):
        advice = (
            "text goes on after its closing quote. What begins with a quote is quoted as a whole, "
            "as in '\"Alliance atlantique\" OR OTAN'"
        )
    elif "while parsing a block" in said:
        advice = f"this does not belong here. Correct the indentation ({error.problem})"
    else:
        advice = ", ".join(part for part in (error.context, error.problem) if part)
    return Problem(line=mark.line + 1, column=mark.column + 1, path="", message=f"not YAML: {advice}")
