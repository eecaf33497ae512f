"""YAML text → where each value stands in it, so that a few lines can be changed and all others stay as they are.

A YAML library that writes a document anew (ruamel.yaml's round trip too) wraps long lines and evens out indentation and
quotes. Whoever keeps the file by hand then finds lines changed that nobody meant. So we change the text itself: `Page`
answers where something begins and ends, and gives the splices that add to or cut from a list or a mapping.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import yaml

from monitor.config.yaml_positions import LOADER, read

Splice = tuple[int, int, str]  # replace the text from the first offset up to the second by this

# The line breaks that the parser knows: YAML 1.1 has more of them than 1.2.
_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
# What may stand between two items: white space, comments, and an anchor.
_BETWEEN = "(?:[ \t\n\r\x85\u2028\u2029]|#[^\n\r\x85\u2028\u2029]*|&[^\\s,]+)*"
_DASH = re.compile(f"{_BETWEEN}-")
_COMMA = re.compile(f"{_BETWEEN},")


@dataclass(slots=True, eq=False)
class Span:
    """One value and where it stands, in offsets into the text."""

    kind: Literal["scalar", "alias", "list", "mapping"]
    start: int  # of its first character; an anchor is part of it
    end: int  # one past its last character; comments and blank lines after a block are not part of it
    flow: bool = False  # of a list or a mapping: in brackets
    text: str = ""  # of a scalar: what it says
    children: list[Span] = field(default_factory=list)  # a list's items; a mapping's keys and values in turn

    @property
    def pairs(self) -> list[tuple[Span, Span]]:
        """A mapping's keys and values."""
        return list(zip(self.children[::2], self.children[1::2], strict=True))

    def get(self, key: str) -> Span | None:
        """A mapping's value under that key; the first, where the key is written twice. None without it."""
        return next((value for name, value in self.pairs if name.text == key), None)


def spans(text: str) -> Span | None:
    """The document's root. None when it holds nothing. The text must be one that `yaml_positions.read` can read."""
    root: Span | None = None
    unfinished: list[Span] = []
    for event in yaml.parse(text, Loader=LOADER):
        if not isinstance(event, yaml.NodeEvent | yaml.CollectionEndEvent):
            continue
        assert event.start_mark is not None, "what was read from a text has a place"
        assert event.end_mark is not None, "what was read from a text has a place"
        start, end = event.start_mark.index, event.end_mark.index
        if isinstance(event, yaml.ScalarEvent):
            if event.style in ("|", ">"):  # the blank lines after a block scalar are the reader's, not the value's
                while text[end - 1].isspace():
                    end -= 1
            span = Span("scalar", start, end, text=event.value)
        elif isinstance(event, yaml.AliasEvent):
            span = Span("alias", start, end)
        elif isinstance(event, yaml.CollectionStartEvent):
            kind: Literal["list", "mapping"] = "mapping" if isinstance(event, yaml.MappingStartEvent) else "list"
            unfinished.append(Span(kind, start, end, bool(event.flow_style)))
            continue
        else:
            span = unfinished.pop()
            span.end = end if span.flow else span.children[-1].end
        if unfinished:
            unfinished[-1].children.append(span)
        else:
            root = span
    return root


def scalar(text: str, *, quoted: bool = False) -> str:
    """The text as YAML, on one line and safe between brackets; in double quotes only when it must be, or is to be."""
    if not quoted and text:
        root, problems = read(f"outside: {text}\nbetween: {{brackets: {text}}}\n".encode())
        if root is not None and not problems and root.value == {"outside": text, "between": {"brackets": text}}:
            return text
    # Every JSON string is a YAML double-quoted one (YAML 1.2.2 §1.3), but for the raw breaks that YAML 1.1 folds.
    return re.sub(
        "[\x7f-\x9f\u2028\u2029\ufeff]", lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False)
    )


class Page:
    """A text and its lines: where things begin and end, and what to splice in or out."""

    def __init__(self, text: str) -> None:
        self.text = text
        breaks = list(_BREAK.finditer(text))
        self.newline = breaks[0][0] if breaks else "\n"
        self._starts = [0, *(found.end() for found in breaks)]
        self._stops = [*(found.start() for found in breaks), len(text)]

    def line_start(self, at: int) -> int:
        """Where the line begins that holds this place."""
        return self._starts[bisect_right(self._starts, at) - 1]

    def line_stop(self, at: int) -> int:
        """Where it ends, before its line break."""
        return self._stops[bisect_right(self._starts, at) - 1]

    def line_end(self, at: int) -> int:
        """Where it ends, after its line break."""
        number = bisect_right(self._starts, at)
        return self._starts[number] if number < len(self._starts) else len(self.text)

    def column(self, at: int) -> int:
        """How many characters stand before this place in its line."""
        return at - self.line_start(at)

    def after(self, span: Span, column: int) -> int:
        """The beginning of the line after a block, with the comments right below it that are indented beyond `column`.

        Those comments are the block's own: a key that was commented out, a remark on the last one.
        """
        at = self.line_end(max(span.end - 1, span.start))
        while at < len(self.text):
            line = self.text[at : self.line_stop(at)]
            remark = line.lstrip(" ")
            if not remark.startswith("#") or len(line) - len(remark) <= column:
                break
            at = self.line_end(at)
        return at

    def dash(self, block: Span, index: int) -> int:
        """Where the dash of a block list's item stands."""
        begin = block.children[index - 1].end if index else block.start
        found = _DASH.match(self.text, begin)
        assert found is not None, "an item of a block list has a dash"
        return found.end() - 1

    def lines_at(self, at: int, lines: Sequence[str]) -> Splice:
        """Whole lines inserted at the beginning of a line, or after a last line that has no line break."""
        body = self.newline.join(lines)
        if at == len(self.text) and self.text and self.line_start(at) != at:
            return (at, at, self.newline + body)
        return (at, at, body + self.newline)

    def without_lines(self, begin: int, end: int) -> Splice:
        """Whole lines taken out. A text without a last line break stays one."""
        if end == len(self.text) and self.line_start(end) != end and begin:
            begin = self.line_stop(begin - 1)
        return (begin, end, "")

    def without_paragraph(self, begin: int, end: int, *, last: bool) -> Splice:
        """Whole lines taken out, and the blank line before them where nothing is left that it would set apart."""
        if begin and self.is_blank(begin - 1) and (last or self.is_blank(end)):
            begin = self.line_start(begin - 1)
        return self.without_lines(begin, end)

    def is_blank(self, at: int) -> bool:
        """Whether the line that holds this place has nothing on it."""
        return not self.text[self.line_start(at) : self.line_stop(at)].strip()

    def spaced(self, at: int, value: str) -> str:
        """The value as it is written at this place, apart from the colon before it."""
        return value if self.text[at - 1].isspace() else f" {value}"

    def appended_in_flow(self, flow: Span, texts: Sequence[str]) -> list[Splice]:
        """What makes `texts` the last members of a list or mapping in brackets, laid out as its last member is."""
        if not flow.children:
            return [(flow.end - 1, flow.end - 1, ", ".join(texts))]
        last = flow.children[-1]
        first_of_last = flow.children[-2] if flow.kind == "mapping" else last
        begin = self.line_start(first_of_last.start)
        indent = self.text[begin : first_of_last.start]
        own_line = not indent.strip() and begin > flow.start
        comma = self._comma(last.end)
        tail = last.end if comma is None else comma + 1

        if own_line and self._only_a_comment(tail):
            lines = [f"{indent}{text}," for text in texts]
            if comma is None:
                lines[-1] = lines[-1].removesuffix(",")
            inserted = self.lines_at(self.line_end(tail), lines)
            return [inserted] if comma is not None else [(last.end, last.end, ","), inserted]
        joint = f",{self.newline}{indent}" if own_line else ", "
        if comma is None:
            return [(last.end, last.end, joint + joint.join(texts))]
        return [(tail, tail, joint.removeprefix(",") + joint.join(texts) + ",")]

    def cut_from_flow(self, flow: Span, removed: Collection[int]) -> list[Splice]:
        """What takes these items out of a list in brackets: whole lines where an item has lines of its own."""
        items = flow.children
        kept = [index for index in range(len(items)) if index not in removed]
        if not kept and not self.remarks(flow):
            return [(self.text.index("[", flow.start) + 1, flow.end - 1, "")]
        splices: list[Splice] = []
        for index in sorted(removed):
            item = items[index]
            comma = self._comma(item.end)
            begin, tail = item.start, item.end if comma is None else comma + 1
            if (lines := self._own_lines(flow, item)) is not None:
                splices.append(self.without_lines(*lines))
            elif kept and index < kept[-1]:
                following = items[index + 1].start
                splices.append((begin, tail if self.text[tail:following].strip() else following, ""))
            elif kept:
                before = self._comma(items[index - 1].end)
                splices.append((begin if before is None else before, item.end, ""))
            else:
                splices.append((begin, tail, ""))
        last_kept = kept[-1] if kept else len(items) - 1
        if last_kept < len(items) - 1 and self._comma(items[-1].end) is None:
            # The last one has no comma here: neither has the one that now is the last.
            before = self._comma(items[last_kept].end)
            if before is not None and not any(begin <= before < end for begin, end, _ in splices):
                splices.append((before, before + 1, ""))
        return splices

    def remarks(self, flow: Span) -> str:
        """What stands in a list in brackets besides its items: comments."""
        at, rest = self.text.index("[", flow.start) + 1, ""
        for item in flow.children:
            rest += self.text[at : item.start]
            at = item.end
        return (rest + self.text[at : flow.end - 1]).replace(",", "").strip()

    def spliced(self, splices: Iterable[Splice]) -> str:
        """The text with all of them done. Those at one place are done in the order given."""
        parts: list[str] = []
        done = 0
        for begin, end, text in sorted(splices, key=lambda splice: splice[:2]):
            parts += (self.text[done:begin], text)
            done = end
        return "".join((*parts, self.text[done:]))

    def _comma(self, at: int) -> int | None:
        found = _COMMA.match(self.text, at)
        return found.end() - 1 if found else None

    def _own_lines(self, flow: Span, item: Span) -> tuple[int, int] | None:
        """The lines that hold an item in brackets, its comma and a remark; None where they hold more."""
        begin, stop = self.line_start(item.start), self.line_stop(item.end)
        before, behind = self.text[begin : item.start], self.text[item.end : stop].partition("#")[0]
        commas = before.strip() + behind.strip()
        if begin <= flow.start or stop >= flow.end or commas not in ("", ","):
            return None
        if not commas and self._comma(item.end) is not None:
            return None  # its comma begins the next line
        return begin, self.line_end(stop)

    def _only_a_comment(self, at: int) -> bool:
        """Whether the line ends here, but for a comment, and another one follows."""
        rest = self.text[at : self.line_stop(at)].strip()
        return (not rest or rest.startswith("#")) and self.line_stop(at) < len(self.text)
