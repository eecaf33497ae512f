"""feedparser's own test feeds through our parse boundary: do we say what feedparser's authors expect?

Each file opens with a comment: a description and a Python expression over feedparser's result names. It is read with
`ast`, never evaluated: comparisons of a path with a literal, joined by `and`. What a claim is about decides how it is
compared:

* a title, summary or content: as an article would show it. feedparser's value is HTML it has cleaned, ours HTML it has
  not; both go through the same step to plain text, and what is left must be equal. A summary is compared with the text
  we keep, which is the longest of an entry's texts.
* a link, an id: equal. We keep only links that can be followed.
* an instant: equal. `created` is what `published` falls back on. A date expected as text is read by feedparser first.
* a category: among ours.
* an author: the name; a mail address where there is no name.
* a language: the entry's, else the feed's, as BCP 47.

Everything else feedparser gives (contributors, images, generators, positions, …) is no part of our model and does not
count. Run by itself it prints the table: `.venv/bin/python -m tests.quality.test_conformance`.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import feedparser
import pytest

from monitor.document import decode
from monitor.language import bcp47
from monitor.model import NotAFeed, ParsedEntry, ParsedFeed
from monitor.parse import parse
from monitor.text import html_to_text, plain_text, title_text
from tests.quality.material import DATA, needs_material

FOLDER = DATA / "conformance-feedparser"

Step = str | int
Path_ = tuple[Step, ...]  # ("entries", 0, "title_detail", "value")


@dataclass(frozen=True)
class Case:
    """One file."""

    name: str  # its path within the folder
    body: bytes
    headers: dict[str, str]  # of the response, names in lower case
    url: str
    expect: str


@dataclass(frozen=True)
class Claim:
    """`path == value`, by today's names."""

    path: Path_
    value: Any


@dataclass(frozen=True)
class Difference:
    """A claim that does not hold for us."""

    case: Case
    claim: Claim
    ours: tuple[Any, Any]  # what is expected and what we have, as compared


# ── the files ────────────────────────────────────────────────────────────────────────────────────────────────────────

_COMMENT = re.compile(r"<!--(.*?)-->", re.DOTALL)
_EXPECT = re.compile(r"Expect:\s*(.*)\Z", re.DOTALL)
_HEADER = re.compile(r"^Header:\s*([\w-]+)\s*:\s*(.*)$", re.MULTILINE | re.IGNORECASE)


def cases() -> Iterator[Case]:
    """All files, in order."""
    for path in sorted(FOLDER.rglob("*.xml")):
        body = path.read_bytes()
        comment = _COMMENT.search(decode(body, None)[0])
        said = comment[1] if comment else ""
        headers = {name.lower(): value.strip() for name, value in _HEADER.findall(said)}
        expect = _EXPECT.search(said)
        name = str(path.relative_to(FOLDER))
        yield Case(
            name=name,
            body=body,
            headers=headers,
            url=f"http://127.0.0.1:8097/tests/{name}",
            expect=" ".join(expect[1].split("\n")).strip() if expect else "",
        )


# feedparser's older names for the same values.
_TODAY = {
    "guid": "id", "modified": "updated", "modified_parsed": "updated_parsed", "date": "updated",
    "date_parsed": "updated_parsed", "issued": "published", "issued_parsed": "published_parsed", "url": "href",
    "description": "summary", "description_detail": "summary_detail", "tagline": "subtitle",
    "tagline_detail": "subtitle_detail", "copyright": "rights", "copyright_detail": "rights_detail", "items": "entries",
    "channel": "feed",
}  # fmt: skip


def claims(expect: str) -> list[Claim] | None:
    """The comparisons of an expectation; None when it is no expression we can read."""
    try:
        tree = ast.parse(expect, mode="eval").body
    except SyntaxError:
        return None
    found = []
    for part in tree.values if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And) else [tree]:
        if isinstance(part, ast.Compare) and len(part.ops) == 1 and isinstance(part.ops[0], ast.Eq):
            path, value = _path(part.left), _literal(part.comparators[0])
            if path and value is not _NO_LITERAL:
                found.append(Claim(path, value))
    return found


def _path(node: ast.expr) -> Path_:
    """`entries[0]['title']`, `feed.link` or `len(entries)` as steps; () for anything else."""
    if isinstance(node, ast.Name):
        return (_TODAY.get(node.id, node.id),)
    if isinstance(node, ast.Attribute):
        return (*before, _TODAY.get(node.attr, node.attr)) if (before := _path(node.value)) else ()
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        step = node.slice.value
        return (*before, _TODAY.get(step, step)) if (before := _path(node.value)) else ()
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "len" and len(node.args) == 1:
        return ("len", *_path(node.args[0]))
    return ()


_NO_LITERAL = object()


def _literal(node: ast.expr) -> Any:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _literal(node.left), _literal(node.right)
        return left + right if isinstance(left, str) and isinstance(right, str) else _NO_LITERAL
    try:
        return ast.literal_eval(node)
    except ValueError:
        return _NO_LITERAL


# ── our answer to a claim ────────────────────────────────────────────────────────────────────────────────────────────


def shown(entry: ParsedEntry) -> str:
    """The text of an article made of it."""
    return plain_text(entry.body) if entry.body_is_plain else html_to_text(entry.body)


NOTHING = ParsedFeed(title=None, link=None, language=None, format="", entries=(), truncated=None)


def compare(claim: Claim, feed: ParsedFeed) -> tuple[Any, Any] | None:
    """What is expected and what we have, in the form in which they are compared; None: no part of our model."""
    match claim.path:
        case ("len", "entries"):
            return claim.value, len(feed.entries)
        case ("version",):
            return claim.value, feed.format
        case ("feed", "ttl"):
            return f"{claim.value} minutes", feed.ttl and f"{feed.ttl // timedelta(minutes=1)} minutes"
        case ("feed", "title") | ("feed", "title_detail", "value"):
            return title_text(claim.value), feed.title or ""
        case ("feed", "link"):
            return claim.value, feed.link
        case ("feed", "language") | ("feed", "title_detail", "language"):
            return bcp47(claim.value), feed.language
        case ("entries", int(index), *of_entry):
            entry = feed.entries[index] if index < len(feed.entries) else None
            both = _of_entry(of_entry, claim.value, entry or _EMPTY, feed)
            return both if entry or not both else (claim.value, "no such entry")
    return None


_EMPTY = ParsedEntry(guid=None, link=None, title="", body="")


def _of_entry(of_entry: list[Step], value: Any, entry: ParsedEntry, feed: ParsedFeed) -> tuple[Any, Any] | None:
    match of_entry:
        case ["title"] | ["title_detail", "value"]:
            return title_text(value), title_text(entry.title)
        case ["summary"] | ["summary_detail", "value"] | ["content", int(), "value"]:
            return plain_text(value) if entry.body_is_plain else html_to_text(value), shown(entry)
        case ["link"]:
            return value, entry.link
        case ["id"]:
            return value, entry.guid
        case ["published_parsed"] | ["created_parsed"]:
            return tuple(value), _tuple(entry.published)
        case ["updated_parsed"]:
            return tuple(value), _tuple(entry.updated)
        case ["published" | "created"]:
            return _tuple_of(value), _tuple(entry.published)
        case ["updated"]:
            return _tuple_of(value), _tuple(entry.updated)
        case ["category"] | ["tags", int(), "term"]:
            return value, value if value in entry.categories else entry.categories
        case ["author"]:
            return _name(value), entry.authors[-1] if entry.authors else None
        case ["author_detail", "name"]:
            return value, entry.authors[-1] if entry.authors else None
        case ["authors", int(number), "name"]:
            return value, entry.authors[number] if len(entry.authors) > number else None
        case ["author_detail", "email"] | ["authors", int(), "email"]:
            return value, value if value in entry.authors else entry.authors
        case ["language"] | ["title_detail" | "summary_detail", "language"] | ["content", int(), "language"]:
            return bcp47(value), entry.language or feed.language
    return None


def _tuple(instant: datetime | None) -> tuple[int, ...] | None:
    return tuple(instant.utctimetuple()) if instant else None


def _tuple_of(written: str) -> tuple[int, ...] | None:
    """A date as feedparser reads it."""
    parsed = feedparser.parse(f"<rss><item><pubDate>{written}</pubDate></item></rss>")["entries"][0]["published_parsed"]
    return parsed and tuple(parsed)


def _name(author: str) -> str:
    """`Name (mail)` without the mail."""
    return re.sub(r"\s*\(\S+@\S+\)$", "", author)


# ── differences on purpose ───────────────────────────────────────────────────────────────────────────────────────────

_TEXT_ELEMENTS = re.compile(
    r"<(?:\w+:)?(?:summary|description|content|encoded|abstract|subtitle|body|fullitem)[\s>]", re.IGNORECASE
)
_LANGUAGES = re.compile(r"xml:lang=[\"']([^\"']*)")


def _is_text(claim: Claim) -> bool:
    return claim.path[0] == "entries" and (claim.path[-1] == "summary" or claim.path[-1] == "value")


# By rule: what the reason is, and which differences it is the reason of. The first that applies counts.
Rule = Callable[[Difference, str], object]  # the difference, the document as text
REASONS: list[tuple[str, Rule]] = [
    (
        "entities that a document declares are not expanded: that is how bombs are built",
        lambda difference, text: "<!ENTITY" in text,
    ),
    (
        "Content-Location is no base (RFC 9110 §8.7 took that back); links are resolved against the feed's URL",
        lambda difference, text: "content-location" in difference.case.headers,
    ),
    (
        "Content-Language is not looked at: servers send their own language, not the document's",
        lambda difference, text: "content-language" in difference.case.headers,
    ),
    (
        "an empty xml:lang takes a language back; an article keeps its feed's as a hint",
        lambda difference, text: difference.claim.path[-1] == "language" and "" in _LANGUAGES.findall(text),
    ),
    (
        "an entry has one language, that of the text we keep",
        lambda difference, text: difference.claim.path[-1] == "language" and len(set(_LANGUAGES.findall(text))) > 1,
    ),
    (
        "an author is a name; the mail address is kept for want of one",
        lambda difference, text: difference.claim.path[-1] == "email" and difference.ours[1],
    ),
    (
        "a category is what people read: its label before its term",
        lambda difference, text: difference.claim.path[-1] == "term" and "label=" in text,
    ),
    (
        "a text of type application/octet-stream is data, not text",
        lambda difference, text: _is_text(difference.claim) and "octet-stream" in text,
    ),
    (
        "a page made of hostile markup: its title and its scripts are no text of an article",
        lambda difference, text: difference.case.name.endswith("_crazy.xml"),
    ),
    (
        "of several texts of an entry the longest is kept",
        lambda difference, text: (
            _is_text(difference.claim) and difference.ours[1] and len(_TEXT_ELEMENTS.findall(text)) > 1
        ),
    ),
    (
        "CDF (1997) without an item shows no sign of being a feed",
        lambda difference, text: difference.case.name.startswith("wellformed/cdf/") and "<item" not in text.lower(),
    ),
]

SINGLE = {
    "encoding/bozo_linenoise.xml": "bytes in no encoding: we say which were unreadable, feedparser guesses another one",
    "wellformed/atom10/tag_in_attr.xml": 'a title\'s attribute may hold no "<": "a < b" counts more',
    "wellformed/rss/item_description_not_a_doctype.xml": '"<!\'" begins a comment in HTML, which is not shown',
    "wellformed/sanitize/item_content_encoded_script_nested_cdata.xml": "debris of a script in a CDATA in a CDATA",
}


def reason(difference: Difference) -> str | None:
    """Why we differ on purpose; None when nothing explains it."""
    text = _COMMENT.sub("", decode(difference.case.body, None)[0], count=1)
    return next((why for why, applies in REASONS if applies(difference, text)), SINGLE.get(difference.case.name))


# ── the account ──────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Account:
    """What became of every file."""

    files: int = 0
    concerned: Counter[str] = field(default_factory=Counter)  # files with a claim about one of our fields, by folder
    agreeing: Counter[str] = field(default_factory=Counter)  # of these, those that hold altogether, by folder
    reasons: Counter[str] = field(default_factory=Counter)  # files that differ on purpose, by the first reason
    unexplained: list[Difference] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)  # expectations that are no expression
    elsewhere: Counter[str] = field(default_factory=Counter)  # files about anything else, by what

    def table(self) -> str:
        """The account for people."""
        lines = [f"{self.files} files; {self.concerned.total()} concern our fields, {self.agreeing.total()} agree"]
        lines += [f"  {self.agreeing[folder]:5} of {count:4}  {folder}" for folder, count in self.concerned.items()]
        lines.append(f"{self.reasons.total()} differ on purpose:")
        lines += [f"  {count:5}  {why}" for why, count in self.reasons.most_common()]
        lines.append(f"{self.elsewhere.total()} are about something else:")
        lines += [f"  {count:5}  {what}" for what, count in self.elsewhere.most_common()]
        lines.append(f"{len(self.unexplained)} unexplained differences")
        lines += [f"  {each.case.name} {each.claim.path}: expected, ours: {each.ours!r}" for each in self.unexplained]
        return "\n".join(lines)


@cache
def account() -> Account:
    """Every file parsed and compared, once."""
    result = Account()
    for case in cases():
        result.files += 1
        found = claims(case.expect) if case.expect else []
        if found is None:
            result.unreadable.append(case.name)
            continue
        differences = judge(case, found)
        folder = case.name.rpartition("/")[0]
        if differences is None:
            result.elsewhere[_subject(found)] += 1
            continue
        result.concerned[folder] += 1
        unexplained = [each for each in differences if reason(each) is None]
        result.unexplained += unexplained
        if not differences:
            result.agreeing[folder] += 1
        elif not unexplained:
            result.reasons[str(reason(differences[0]))] += 1
    return result


def judge(case: Case, found: list[Claim]) -> list[Difference] | None:
    """The claims about our fields that do not hold for us; None when there is no claim about them."""
    read = parse(case.body, url=case.url, content_type=case.headers.get("content-type"))
    compared = [
        (claim, both) for claim in found if (both := compare(claim, NOTHING if isinstance(read, NotAFeed) else read))
    ]
    if not compared:
        return None
    return [Difference(case, claim, both) for claim, both in compared if both[0] != both[1]]


def _subject(found: list[Claim]) -> str:
    """What a file is about that does not concern us."""
    if not found:
        return "whether it is well-formed, or what is not there"
    top, *steps = (step for step in found[0].path if isinstance(step, str))
    if top in ("feed", "entries") and steps:
        part = steps[-1] if steps[-1] in ("base", "language", "type") else steps[0].removesuffix("_detail")
        return f"{'an entry' if top == 'entries' else 'the feed'}: {part}"
    return top


@needs_material
def test_every_expectation_is_read() -> None:
    assert account().unreadable == []


@needs_material
def test_what_feedparsers_authors_expect_holds_for_us_or_differs_on_purpose(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with capsys.disabled():
        print(f"\n{account().table()}")

    assert account().unexplained == []


@needs_material
def test_differences_on_purpose_stay_the_exception() -> None:
    assert account().agreeing.total() >= 0.95 * account().concerned.total()


if __name__ == "__main__":
    print(account().table())
