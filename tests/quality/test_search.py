"""Searches in many languages over real texts: what `monitor search` finds is what the rule finds in each article, and
what a plain pattern finds.

`searches.tsv` has a search a line: its language, the query, how many texts it finds (0: there is none to find), and the
pattern where the query itself is none. Written anew, to be read before it is kept:
`.venv/bin/python -m tests.quality.test_search`.
"""

from __future__ import annotations

import csv
import io
import json
import re
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import feedparser
import pytest

from monitor.archive import open_archive
from monitor.model import FeedSpec, Finding, LanguageGuess, New, RuleSpec
from monitor.rules import Document, RuleSet, compile_rule
from monitor.search import search
from monitor.text import html_to_text, plain_text, title_text
from tests.archive.builders import an_outcome
from tests.factories import NOW, an_article
from tests.quality.figures import publish, table
from tests.quality.material import DATA, needs_material

TABLE = Path(__file__).with_name("searches.tsv")
_SPACELESS = "\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff"
_LATIN_MARKS = re.compile("(?<![\u0400-\u04ff])[\u0300-\u036f]+")
_ARABIC_MARKS = re.compile("[\u064b-\u0652\u0640]")


@dataclass(frozen=True, slots=True)
class Search:
    """One line of the table."""

    language: str
    query: str
    texts: int
    pattern: str | None


@dataclass(frozen=True, slots=True)
class Found:
    """The texts that were found, by number, in three ways."""

    by_search: frozenset[int]
    by_rule: frozenset[int]
    by_pattern: frozenset[int]


def listed() -> list[Search]:
    """The table."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [Search(language, query, int(texts), *(more or [None])) for language, query, texts, *more in rows]


def texts() -> Iterator[tuple[str, str, str]]:
    """Language, title and text: labelled texts, entries of real feeds, articles of pages and of wires."""
    for line in (DATA / "lang" / "lang-dev.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        yield row["lang"], "", plain_text(row["text"])
    with (DATA / "feeds" / "index.csv").open(encoding="utf-8", newline="") as index:
        for row in csv.DictReader(index):
            if row["path"].startswith("feeds/real/"):
                body = (DATA / row["path"]).read_bytes()
                for entry in feedparser.parse(io.BytesIO(body), resolve_relative_uris=False).entries:
                    title, text = title_text(entry.get("title", "")), html_to_text(entry.get("summary", ""))
                    yield row["lang_guess"] or "und", title, text
    for name in ("pages/gold.jsonl", "neardup/articles.jsonl"):
        for line in (DATA / name).read_text("utf-8").splitlines():
            row = json.loads(line)
            yield row["lang"] or "und", title_text(row.get("title") or ""), plain_text(row.get("text") or "")


def folded(text: str) -> str:
    """A text blind to case and accents, by means of the standard library alone."""
    text = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold())
    return unicodedata.normalize("NFC", _ARABIC_MARKS.sub("", _LATIN_MARKS.sub("", text)))


def pattern_of(search_: Search) -> re.Pattern[str]:
    """What a plain look for the query's words looks for."""
    if search_.pattern is not None:
        words = search_.pattern
    else:
        words = r"[\W_]+".join(map(re.escape, re.findall(r"[^\s\"]+", folded(search_.query))))
    if re.search(f"[{_SPACELESS}]", words):
        return re.compile(words)
    return re.compile(rf"(?<![^\W_])(?:{words})(?![^\W_])")


@cache
def results() -> dict[Search, Found]:
    """Every search of the table, made in an archive of all texts."""
    held = list(texts())
    documents = [Document.of(title, text, language=language) for language, title, text in held]
    plain = [(folded(title), folded(text)) for _, title, text in held]
    found = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(open_archive(f"{folder}/archive.db", now=NOW)) as archive,
    ):
        archive.sync_feeds([FeedSpec(key="gazette", url="https://gazette.example/")], NOW)
        findings = [
            Finding(
                verdict=New(article=an_article(link=f"https://gazette.example/{number}", title=title, text=text)),
                language=LanguageGuess(language=language, confidence=0.9, source="detected"),
            )
            for number, (language, title, text) in enumerate(held)
        ]
        archive.record(an_outcome(*findings))
        for each in listed():
            rules = RuleSet([compile_rule(RuleSpec(name="search", query=each.query), {})])
            pattern = pattern_of(each)
            found[each] = Found(
                by_search=frozenset(row.id - 1 for row, _ in search(archive, each.query, aliases={}, feeds={})),
                by_rule=frozenset(n for n, document in enumerate(documents) if rules.match(document, at=NOW)),
                by_pattern=frozenset(n for n, fields in enumerate(plain) if any(map(pattern.search, fields))),
            )
    return found


@needs_material
@pytest.mark.parametrize("each", listed(), ids=lambda each: f"{each.language} {each.query}")
def test_a_search_finds_what_the_rule_finds_in_each_text_and_what_a_pattern_finds(each: Search) -> None:
    found = results()[each]

    assert found.by_search == found.by_rule
    assert found.by_search == found.by_pattern
    assert len(found.by_search) == each.texts


@needs_material
def test_the_searches_of_each_language_are_counted() -> None:
    languages = Counter[str]()
    finding = Counter[str]()
    for each, found in results().items():
        languages[each.language] += 1
        finding[each.language] += len(found.by_search)

    rows = [(language, number, finding[language]) for language, number in languages.most_common()]
    publish("searches", table(["language", "searches", "texts found"], rows))
    assert languages.total() >= 100


def main() -> None:
    """Writes the table anew and prints where the three ways differ."""
    held = list(texts())
    lines = []
    for each, found in results().items():
        for name, one, other in (
            ("search alone", found.by_search, found.by_pattern),
            ("pattern alone", found.by_pattern, found.by_search),
            ("rule alone", found.by_rule, found.by_search),
        ):
            for number in sorted(one - other)[:3]:
                print(f"{each.language} {each.query}: {name}: {held[number][1]} {held[number][2][:400]}")
        row = [each.language, each.query, str(len(found.by_search))]
        lines.append("\t".join(row + ([] if each.pattern is None else [each.pattern])))
    TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
