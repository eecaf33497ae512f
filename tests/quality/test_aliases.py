"""The aliases that come with the program, over names from CLDR and real texts.

The names of `entities/entity-variants.json` are those of Unicode CLDR, one per language: the plain form, no cases. A
name that is left out by decision (docs/aliases.md) is a miss here as well. The texts have their language given; how
many of them hold a name is counted, and a sample is printed to be read by eye: a machine cannot tell a false friend.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from typing import Any

import feedparser

from monitor.model import RuleSpec
from monitor.rules import Document, RuleSet, compile_query, shipped
from tests.quality.figures import percent, publish, table
from tests.quality.material import DATA, needs_material

pytestmark = needs_material

# Their names for what we ship; the other countries and cities there are not ours.
OURS = {
    "UA": "Ukraine", "RU": "Russia", "FR": "France", "DE": "Germany", "GB": "UnitedKingdom", "US": "USA", "CN": "China",
    "TW": "Taiwan", "IL": "Israel", "IR": "Iran", "TR": "Turkey", "UN": "UN", "EU": "EU", "Kyiv": "Kyiv",
    "Moscow": "Moscow", "Brussels": "Brussels",
}  # fmt: skip
# The languages that docs/aliases.md says are covered.
COVERED = {
    "ar", "az", "be", "bg", "bn", "cs", "da", "de", "el", "en", "es", "et", "fa", "fi", "fr", "he", "hi", "hr",
    "hu", "hy", "id", "it", "ja", "ka", "kk", "ko", "lt", "lv", "nb", "nl", "pl", "pt", "ro", "ru", "sk", "sl",
    "sr", "sv", "sw", "th", "tr", "uk", "ur", "vi", "zh",
}  # fmt: skip
SHOWN = 40  # forms of an alias, each with what stands around it, to be read


@cache
def entities() -> list[dict[str, Any]]:
    listed = json.loads((DATA / "entities" / "entity-variants.json").read_text("utf-8"))["entities"]
    return [entity for entity in listed if entity["id"] in OURS]


def finds(name: str, text: str, language: str) -> bool:
    article = Document.of("", text, language=language.replace("_", "-"))
    return compile_query(f"@{name}", {}).matches(article) is not None


def test_the_names_of_cldr_are_found_in_their_languages() -> None:
    lines, all_found, all_told, misses = [], 0, 0, Counter[str]()
    for entity in entities():
        name = OURS[entity["id"]]
        told = [(language, form) for language, forms in entity["names"].items() for form in forms]
        missed = [(language, form) for language, form in told if not finds(name, form, language)]
        misses.update(language for language, _ in missed)
        all_told += len(told)
        all_found += len(told) - len(missed)
        shown = ", ".join(f"{form} ({language})" for language, form in missed)
        lines.append((f"`@{name}`", percent(len(told) - len(missed), len(told)), shown))
    told = [
        (OURS[entity["id"]], form, language)
        for entity in entities()
        for language, forms in entity["names"].items()
        if language.partition("_")[0] in COVERED
        for form in forms
    ]
    found = sum(finds(*row) for row in told)
    lines.append(("all", percent(all_found, all_told), ""))
    lines.append(("all, in the languages that are covered", percent(found, len(told)), ""))
    publish("aliases", table(["alias", "names of CLDR found", "not found"], lines))

    assert found >= 0.95 * len(told)


def texts() -> Iterator[tuple[str, str]]:
    """Language and text: the labelled texts, and the entries of the real feeds by the language of their feed."""
    for line in (DATA / "lang" / "lang-dev.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        yield row["lang"], row["text"]
    with (DATA / "feeds" / "index.csv").open(encoding="utf-8", newline="") as index:
        for row in csv.DictReader(index):
            if row["path"].startswith("feeds/real/"):
                body = (DATA / row["path"]).read_bytes()
                for entry in feedparser.parse(io.BytesIO(body), resolve_relative_uris=False).entries:
                    yield row["lang_guess"] or "und", f"{entry.get('title', '')}\n{entry.get('summary', '')}"


def test_what_real_texts_hold_is_printed_to_be_read() -> None:
    rules = RuleSet.of([RuleSpec(name=name, query=f"@{name}") for name in shipped.listed()], {})
    counts = Counter[str]()
    pieces: dict[str, dict[tuple[str, str], str]] = defaultdict(dict)
    read = 0
    for language, text in texts():
        read += 1
        for match in rules.match(Document.of("", text, language=language)):
            counts[match.rule] += 1
            span = match.spans[0]
            key = (language, text[span.start : span.end])
            pieces[match.rule].setdefault(key, text[max(0, span.start - 30) : span.end + 30].replace("\n", " "))

    print(f"\n{read:,} texts")
    for name, number in counts.most_common():
        print(f"\n@{name}: {number} texts")
        for (language, piece), around in list(pieces[name].items())[:SHOWN]:
            print(f"  {language} [{piece}] {around}")

    assert read > 5_000
    assert len(counts) > 30
