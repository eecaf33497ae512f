"""What agencies and desks do to a report, done to reports of our own, and what only looks like it.

`copies` gives pairs that tell the same text, `others` pairs that do not, each under the name of its kind. The reports
are the newsroom's of the examples and those of `wire_texts.toml`; the moulds are `wire_moulds.toml`.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

from monitor.text import fold, html_to_text, written_words

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "examples"))
import newsroom  # noqa: E402 - an example is no package

_SENTENCE = re.compile(r"[^.!?。！？؟।\n]*[.!?。！？؟।]+[»”」\"“]*[ ]?|[^\n]+\n?|\n")
_NO_STOPS = re.compile(r"\S+[ \n]?")  # Thai: phrases


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One entry of a feed."""

    language: str
    title: str
    text: str
    feed: str = "first"
    hours: float = 0  # after the earliest one
    second_title: str = ""
    lead: str = ""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two entries, the earlier first."""

    kind: str
    language: str
    one: Report
    other: Report


# Of the newsroom's papers one cuts another's wire report and gives it this title; copies are made here.
_CUT_ALREADY = "Égarée à quarante kilomètres de la mer, une baleine bloque onze péniches"


def reports() -> tuple[Report, ...]:
    """Every report of at least some fifty words, those of the examples first."""
    ours = [
        Report(
            language=outlet.language[:2],
            title=item.versions[0].title,
            text=html_to_text(item.versions[0].html),
            second_title=_START.match(html_to_text(item.versions[0].html))[0],  # type: ignore[index]
        )
        for outlet in newsroom.load()
        for item in outlet.items
        if len(written_words(html_to_text(item.versions[0].html))) >= 50 and item.versions[0].title != _CUT_ALREADY
    ]
    written = tomllib.loads((HERE / "wire_texts.toml").read_text("utf-8"))["report"]
    return tuple(ours) + tuple(Report(**{name: value.strip() for name, value in report.items()}) for report in written)


_START = re.compile(r"[^.,;:!?。、，]{5,60}")


def _sentences(report: Report) -> list[str]:
    found: list[str] = (_NO_STOPS if report.language == "th" else _SENTENCE).findall(report.text)
    return found


def _cut(report: Report, share: float) -> str:
    """The first sentences, until they have that share of the words."""
    wanted = share * len(written_words(report.text))
    kept: list[str] = []
    for sentence in _sentences(report):
        if len(written_words("".join(kept))) >= wanted:
            break
        kept.append(sentence)
    return "".join(kept).strip()


def _reworded(sentence: str) -> str:
    """The sentence with its halves turned round and some of its words left out."""
    words = sentence.split()
    if len(words) < 4:
        words = list(sentence.strip())
        half = len(words) // 2
        return "".join(words[half:] + words[:half])
    half = len(words) // 2
    turned = words[half:] + words[:half]
    return " ".join(word for index, word in enumerate(turned) if index % 4 != 3) + " "


def _edited(report: Report, share: float, *, replaced: list[str] | None = None) -> str:
    """Sentences with that share of the words, spread over the text, reworded; or replaced by others."""
    sentences = _sentences(report)
    left = share * len(written_words(report.text))
    for count, index in enumerate(sorted(range(len(sentences)), key=lambda index: index * 7 % len(sentences))):
        size = len(written_words(sentences[index]))
        if 0 < size <= left * 1.1:
            left -= size
            sentences[index] = replaced[count % len(replaced)] if replaced else _reworded(sentences[index])
    return "".join(sentences)


def _other_numbers(text: str) -> str:
    """The first number of the text raised by one or two tenths, or by one."""
    return re.sub(r"\d+", lambda number: str(int(number[0]) + max(1, int(number[0]) // 6)), text, count=1)


def _shouted(text: str) -> str:
    """Other apostrophes, capitals, spaces."""
    return text.replace("'", "’").replace(" – ", " - ").replace(". ", ".\u00a0 ").upper()


def copies() -> Iterator[Pair]:
    """Pairs that are one story."""
    everything = reports()
    for number, report in enumerate(everything):

        def pair(kind: str, report: Report = report, **changed: object) -> Pair:
            return Pair(kind, report.language, report, replace(report, **{"feed": "second", "hours": 3} | changed))

        second, lead = report.second_title, report.lead or f"{report.second_title}."
        foreign = [s for r in everything if r.language == report.language and r is not report for s in _sentences(r)]
        foreign = foreign[number:] + foreign[:number]
        yield pair("verbatim")
        yield pair("other spacing, case, apostrophes", title=_shouted(report.title), text=_shouted(report.text))
        for share in (0.8, 0.6, 0.4):
            yield pair(f"cut at {share:.0%}", text=_cut(report, share))
        yield pair("cut at 40%, new title", text=_cut(report, 0.4), title=second)
        for share in (0.1, 0.2, 0.3):
            yield pair(f"{share:.0%} of sentences reworded", text=_edited(report, share))
            if foreign:
                yield pair(f"{share:.0%} of sentences replaced", text=_edited(report, share, replaced=foreign))
        yield pair("30% reworded, cut at 60%", text=_cut(replace(report, text=_edited(report, 0.3)), 0.6))
        yield pair("new title", title=second)
        yield pair("new title, added lead", title=second, text=f"{lead}\n{report.text}")
        yield pair("new title, added lead, cut at 60%", title=second, text=f"{lead}\n{_cut(report, 0.6)}")
        yield pair("later version", feed="first", text=f"{report.text}\n{lead}", hours=2)
        if re.search(r"\d", report.text):
            title, text = _other_numbers(report.title), _other_numbers(report.text)
            yield pair("new count, same outlet", feed="first", title=title, text=text, hours=2)
        first = replace(report, text=_cut(report, 0.6))
        yield Pair("grown", report.language, first, replace(report, hours=2))
        teaser = replace(report, text=_cut(report, 0.15))
        if len(written_words(teaser.text)) >= 15:
            yield Pair("teaser, same title", report.language, teaser, replace(teaser, feed="second", hours=1))
            yield Pair("teaser and whole", report.language, teaser, replace(report, feed="second", hours=1))
            other = replace(teaser, feed="second", hours=1, title=second)
            yield Pair("teaser, new title", report.language, teaser, other)


def others() -> Iterator[Pair]:
    """Pairs that are not."""
    everything = reports()
    for one, other in combinations(everything, 2):
        if fold(one.title).split() == fold(other.title).split():
            continue  # a wire copy among the newsroom's own
        # The newsroom's papers tell of the same events in several languages.
        kind = "another report" if one.language == other.language else "another language"
        yield Pair(kind, one.language, one, replace(other, feed="second", hours=1))
        if one.language == other.language:
            paragraph = max(one.text.split("\n"), key=len)
            quoting = replace(other, text=f"{other.text}\n{paragraph}", feed="second", hours=1)
            yield Pair("shared paragraph", one.language, one, quoting)
    for language in sorted({report.language for report in everything}):
        same = [report for report in everything if report.language == language]
        if len(same) >= 3:
            items = "\n".join(report.text.split("\n")[0] for report in same)
            round_up = Report(language=language, title=f"{same[0].feed} 24", text=items, feed="second", hours=2)
            for report in same:
                yield Pair("round-up", language, report, round_up)
                teaser = replace(report, text=report.text.split("\n")[0])
                if report is not same[0]:
                    yield Pair("round-up and teaser", language, teaser, round_up)
    for mould in tomllib.loads((HERE / "wire_moulds.toml").read_text("utf-8"))["mould"]:
        cast = [
            Report(
                language=mould["language"], title=mould["title"].format(*row), text=mould["text"].format(*row).strip()
            )
            for row in mould["rows"]
        ]
        kind = mould["kind"]
        for one, other in combinations(cast, 2):
            yield Pair(kind, one.language, one, replace(other, hours=1))
            yield Pair(kind, one.language, one, replace(other, hours=24))
            if kind not in ("teaser of a section", "podcast", "newsletter", "live page"):  # an outlet's own
                yield Pair(kind, one.language, one, replace(other, hours=1, feed="second"))
