"""The `feeds:` section of a text: what it says, where each feed stands, and the splices that change it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from monitor.config.items import NOTHING, did_you_mean
from monitor.config.yaml_positions import Node
from monitor.config.yaml_positions import read as read_yaml
from monitor.config.yaml_spans import Page, Span, Splice, scalar, spans
from monitor.errors import EditError
from monitor.text import one_line

BY_HAND = "Change it in an editor, then run: monitor check"

_BOM = "\ufeff"
_QUOTED = ("url", "allow_private")  # always, as in the file that comes with the program
_BEFORE_FEEDS = ("monitor", "defaults")

Written = Mapping[str, str | list[str]]  # a feed as it will stand in the file


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedsSection:
    """A text, what it says (`root`) and where that stands (`span`); both None when it holds nothing."""

    bom: str
    page: Page  # without the byte order mark
    root: Node | None
    span: Span | None

    @property
    def section(self) -> Span | None:
        """What stands after `feeds:`. None when the key is not there."""
        return self.span.get("feeds") if self.span is not None else None

    @property
    def nodes(self) -> list[Node]:
        """What each feed says, in file order."""
        return self.items_of("feeds")

    @property
    def keys(self) -> list[str]:
        """The feeds' keys, in file order; empty for a feed without one."""
        return [node.entries.get("key", NOTHING).raw for node in self.nodes]

    def items_of(self, name: str) -> list[Node]:
        """The items of a section that is a list."""
        return self.root.entries.get(name, NOTHING).items if self.root is not None else []

    def find(self, keys: Collection[str]) -> set[int]:
        """Where in the list the feeds of these keys are. Raises EditError for a key that no feed has."""
        wanted, known = set(keys), self.keys
        if unknown := wanted.difference(known):
            key = min(unknown)
            raise EditError(f'there is no feed "{one_line(key, 80)}". {did_you_mean(key, set(known))}')
        return {index for index, key in enumerate(known) if key in wanted}

    # ── what to splice ───────────────────────────────────────────────────────────────────────────────────────────────

    def adding(self, feeds: Sequence[Written]) -> list[Splice]:
        """Puts the feeds after the last one, laid out as that one is."""
        section = self.section
        if section is None:
            return self._in_a_new_section(feeds)
        if section.children and not section.flow:
            return [self._after_the_last(section, feeds)]
        in_brackets = self.span is not None and self.span.flow
        if section.kind == "list" and (section.children or in_brackets or self.page.remarks(section)):
            return self.page.appended_in_flow(section, self._in_braces(feeds))
        if in_brackets:
            listed = f"[{', '.join(self._in_braces(feeds))}]"
            return [(section.start, section.end, self.page.spaced(section.start, listed))]
        return self._in_an_empty_section(section, feeds)

    def removing(self, removed: Collection[int]) -> list[Splice]:
        """Takes feeds out, with the comments inside them."""
        section, page = self.section, self.page
        assert section is not None, "what is removed was found"
        if section.flow:
            return page.cut_from_flow(section, removed)
        passages: list[tuple[int, int]] = []
        for index in sorted(removed):
            dash = page.dash(section, index)
            begin = page.line_start(dash)
            if passages and not page.text[passages[-1][1] : begin].strip():
                begin, _ = passages.pop()
            passages.append((begin, page.after(section.children[index], page.column(dash))))
        after_all = page.after(section.children[-1], page.column(page.dash(section, len(section.children) - 1)))
        return [page.without_paragraph(begin, end, last=end == after_all) for begin, end in passages]

    def pausing(self, index: int) -> list[Splice]:
        """Writes `paused: true` at a feed."""
        span, page = self._mapping(index), self.page
        if (value := span.get("paused")) is not None:
            return [(value.start, value.end, page.spaced(value.start, "true"))]
        if span.flow:
            return page.appended_in_flow(span, ['"paused": true' if self._is_quoted(span) else "paused: true"])
        keys = span.children[::2]
        indent = " " * page.column(keys[0].start)
        if len(keys) > 1:
            indent = page.text[page.line_start(keys[1].start) : keys[1].start]
        return [page.lines_at(page.after(span, page.column(keys[0].start)), [f"{indent}paused: true"])]

    def resuming(self, index: int) -> list[Splice]:
        """Takes `paused: true` away from a feed; where it shares its line with a remark, it becomes `false`."""
        span, page = self._mapping(index), self.page
        at = next(at for at, (key, _) in enumerate(span.pairs) if key.text == "paused")
        key, value = span.pairs[at]
        pair = page.text[key.start : value.end]
        line = page.line_start(key.start)
        if at and page.text[line : page.line_stop(line)].strip() in ((pair,) if not span.flow else (f"{pair},",)):
            return [page.without_lines(line, page.line_end(line))]
        end_before = span.pairs[at - 1][1].end
        if at and span.flow and re.fullmatch(r",\s*", page.text[end_before : key.start]):
            return [(end_before, value.end, "")]
        return [(value.start, value.end, "false")]

    def spliced(self, splices: Sequence[Splice], feeds: Sequence[Any]) -> str:
        """The text with the splices done. Raises EditError unless it then says what it said, with these feeds."""
        text = self.page.spliced(splices)
        root, problems = read_yaml(text.encode("utf-8"))
        before = self.root.value if self.root is not None else {}
        after = root.value if root is not None else {}
        if (root is None and problems) or _meaning(after) != _meaning({**before, "feeds": feeds}):
            why = f" ({problems[0].message})" if problems else ""
            raise EditError(f"the feeds are laid out in a way that cannot be changed safely from here{why}. {BY_HAND}")
        return self.bom + text

    # ── in what layout ───────────────────────────────────────────────────────────────────────────────────────────────

    def _after_the_last(self, section: Span, feeds: Sequence[Written]) -> Splice:
        page, last = self.page, section.children[-1]
        dash = page.dash(section, len(section.children) - 1)
        line = page.line_start(dash)
        indent = page.text[line:dash]
        lead = page.text[dash + 1 : last.start]  # between the dash and the feed; it may be a line break
        if lead.strip() or not lead:
            lead = " "
        blank_between = len(section.children) > 1 and page.is_blank(line - 1)

        lines: list[str] = []
        for feed in feeds:
            lines += [""] if blank_between else []
            if last.kind == "mapping" and not last.flow:
                first_line, _, margin = lead.rpartition(page.newline)
                if not first_line and page.newline not in lead:
                    margin = " " * (len(indent) + 1 + len(lead))
                pairs = _pairs(feed, quoted=self._is_quoted(last))
                lines += [f"{indent}-{lead}{pairs[0]}", *(margin + pair for pair in pairs[1:])]
            else:
                lines.append(f"{indent}-{lead}{_braces(feed, quoted=self._is_quoted(last))}")
        return page.lines_at(page.after(last, len(indent)), lines)

    def _in_an_empty_section(self, section: Span, feeds: Sequence[Written]) -> list[Splice]:
        """After the line of `feeds:`. What stands there for nothing (`[]`, `null`) goes, an anchor stays."""
        page = self.page
        assert self.span is not None, "the section stands in something"
        key = next(key for key, _ in self.span.pairs if key.text == "feeds")
        indent = page.text[page.line_start(key.start) : key.start]
        begin = section.start
        if section.kind == "list":
            begin = page.text.index("[", section.start)
        elif page.text.startswith("&", section.start):
            begin = section.end
        while begin < section.end and page.text[begin - 1].isspace():
            begin -= 1
        lines = [f"{indent}  - {item}" for item in self._in_braces(feeds)]
        return [(begin, section.end, ""), page.lines_at(page.line_end(section.end), lines)]

    def _in_a_new_section(self, feeds: Sequence[Written]) -> list[Splice]:
        """Behind `monitor:` and `defaults:`, else at the end."""
        page, items = self.page, self._in_braces(feeds)
        if self.span is not None and self.span.kind == "mapping" and self.span.flow:
            name = '"feeds"' if self._is_quoted(self.span) else "feeds"
            return page.appended_in_flow(self.span, [f"{name}: [{', '.join(items)}]"])
        at, indent = len(page.text), ""
        if self.span is not None and self.span.pairs:
            pairs = self.span.pairs
            key, value = next((pair for pair in reversed(pairs) if pair[0].text in _BEFORE_FEEDS), pairs[-1])
            indent = page.text[page.line_start(key.start) : key.start]
            at = page.after(value, len(indent))
        lines = [f"{indent}feeds:", *(f"{indent}  - {item}" for item in items)]
        following = page.text[at : page.line_stop(at)].strip()
        before = [""] if page.text[:at].strip() else []
        return [page.lines_at(at, [*before, *lines, *([""] if following else [])])]

    def _in_braces(self, feeds: Sequence[Written]) -> list[str]:
        section = self.section
        like = section.children[-1] if section is not None and section.children else self.span
        return [_braces(feed, quoted=self._is_quoted(like)) for feed in feeds]

    def _is_quoted(self, like: Span | None) -> bool:
        """Whether the keys there are in double quotes: the file is JSON, or looks like it."""
        if like is None or like.kind != "mapping" or not like.children:
            return False
        return self.page.text.startswith('"', like.children[0].start)

    def _mapping(self, index: int) -> Span:
        assert self.section is not None, "what is changed was found"
        span = self.section.children[index]
        if span.kind != "mapping":
            raise EditError(f'feed "{self.keys[index]}" stands for one written elsewhere (*name). {BY_HAND}')
        return span


def read(text: str) -> FeedsSection:
    """The section in the text of a whole file. Raises EditError when it cannot be read, or is no list in its place."""
    body = text.removeprefix(_BOM)
    root, problems = read_yaml(body.encode("utf-8"))
    if root is None and problems:
        place = f"line {problems[0].line}, column {problems[0].column}: " if problems[0].line else ""
        raise EditError(f"{place}{problems[0].message}. Correct that first; `monitor check` names every mistake")
    if root is not None and not isinstance(root.value, dict):
        raise EditError("begin with sections at the left margin: monitor:, feeds:, rules:, channels:")
    section = FeedsSection(bom=text[: len(text) - len(body)], page=Page(body), root=root, span=spans(body))
    if root is not None and not isinstance(root.entries.get("feeds", NOTHING).value, list | None):
        raise EditError(f"feeds: in line {root.keys['feeds'].line} is no list. {BY_HAND}")
    if section.section is not None and section.section.kind == "alias":
        raise EditError(f"feeds: stands for a list written elsewhere (*name). {BY_HAND}")
    return section


def in_one_line(feed: Written) -> str:
    """The feed as one line of the file."""
    return _braces(feed, quoted=False)


def _braces(feed: Written, *, quoted: bool) -> str:
    return f"{{{', '.join(_pairs(feed, quoted=quoted))}}}"


def _pairs(feed: Written, *, quoted: bool) -> list[str]:
    pairs = []
    for key, value in feed.items():
        in_quotes = quoted or key in _QUOTED
        text = (
            scalar(value, quoted=in_quotes)
            if isinstance(value, str)
            else f"[{', '.join(scalar(each, quoted=in_quotes) for each in value)}]"
        )
        pairs.append(f'"{key}": {text}' if quoted else f"{key}: {text}")
    return pairs


def _meaning(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a document says: no feeds are an empty list, and a feed that is not paused need not say so."""
    return {**document, "feeds": [_feed_meaning(feed) for feed in document.get("feeds") or ()]}


def _feed_meaning(feed: Any) -> Any:
    if not isinstance(feed, dict):
        return feed
    # A block text (title: |) that ends the file has a line break at its end only if the file has one.
    says = {key: value.rstrip("\n") if isinstance(value, str) else value for key, value in feed.items()}
    if not says.get("paused"):
        says.pop("paused", None)
    return says
