"""The article's text on real pages, beside trafilatura's own default call.

The figure is the mean over pages of token F1: words (Unicode, case folded) as multisets, precision and recall against
the text that people marked as the article's. Half A and half B are the pages of two sets of hosts: what was improved
by looking at pages of A is judged by B. Run by itself: `.venv/bin/python -m tests.quality.test_full_text`.
"""

from __future__ import annotations

import gzip
import json
import logging
import re
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import pytest

from monitor.model import Page
from monitor.page import extract
from tests.quality.material import DATA

PAGES = DATA / "pages"
TARGET = 0.90

trafilatura = pytest.importorskip("trafilatura", reason='the extra is not here (pip install "media-monitor[fulltext]")')

needs_pages = pytest.mark.skipif(
    not PAGES.is_dir(), reason="the real pages are not here (a folder ../shared/data beside the checkout)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How near a text is to the one people marked."""

    f1: float
    precision: float
    recall: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One page read once by each."""

    kind: str  # fundus, zyte-aeb, readability, trafilatura-eval
    half: str  # A or B, by host
    ours: Score | None  # None: the page has snippets instead of a text
    theirs: Score | None
    kept: tuple[int, int]  # of the snippets that must be there: ours, theirs
    left_out: tuple[int, int]  # of those that must not: ours, theirs
    snippets: tuple[int, int]  # how many there are of each
    seconds: float  # ours


def words(text: str) -> Counter[str]:
    """The words of a text with how often each stands in it."""
    return Counter(re.findall(r"\w+", text.casefold()))


def score(text: str, gold: str) -> Score:
    """Token precision, recall and F1."""
    found, wanted = words(text), words(gold)
    both = (found & wanted).total()
    if not both:
        return Score(f1=0.0, precision=0.0, recall=0.0)
    precision, recall = both / found.total(), both / wanted.total()
    return Score(f1=2 * precision * recall / (precision + recall), precision=precision, recall=recall)


def in_one_line(text: str) -> str:
    """Snippets may reach over a line's end."""
    return " ".join(text.split())


def try_page(row: dict[str, Any]) -> Trial:
    """Reads one page both ways."""
    body = gzip.decompress((DATA / row["path"]).read_bytes())
    began = time.perf_counter()
    page = extract(body, url=row["url"], content_type="text/html")
    seconds = time.perf_counter() - began
    ours = page.text if isinstance(page, Page) else ""
    theirs = trafilatura.extract(body, url=row["url"]) or ""
    snippets = row["gold_kind"] == "snippets"
    wanted, unwanted = ([in_one_line(each) for each in row.get(side) or ()] for side in ("with", "without"))
    texts = [in_one_line(ours), in_one_line(theirs)]
    kept = [sum(each in text for each in wanted) for text in texts]
    left_out = [sum(each not in text for each in unwanted) for text in texts]
    return Trial(
        kind=row["path"].split("/")[1],
        half="AB"[sha256((urlsplit(row["url"]).hostname or "").encode()).digest()[0] % 2],
        ours=None if snippets else score(ours, row["text"]),
        theirs=None if snippets else score(theirs, row["text"]),
        kept=(kept[0], kept[1]),
        left_out=(left_out[0], left_out[1]),
        snippets=(len(wanted), len(unwanted)),
        seconds=seconds,
    )


@cache
def trials() -> tuple[Trial, ...]:
    """Every page, once."""
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # it says of every empty page that it is one
    with (PAGES / "gold.jsonl").open(encoding="utf-8") as gold:
        rows = [json.loads(line) for line in gold]
    try_page(rows[0])  # the first one pays for the import
    return tuple(try_page(row) for row in rows)


def mean(chosen: Iterable[Trial], figure: Callable[[Trial], float]) -> float:
    """NaN when there is nothing to take the mean of."""
    values = [figure(trial) for trial in chosen]
    return statistics.fmean(values) if values else float("nan")


def report() -> str:
    """The table."""
    lines = [
        f"{'pages':<18}{'n':>4}{'F1':>8}{'P':>8}{'R':>8}{'half A':>8}{'half B':>8}{'default F1':>12}{'P':>8}{'R':>8}"
    ]
    for kind in ("fundus", "zyte-aeb", "readability"):
        of = [trial for trial in trials() if trial.kind == kind]
        a, b = ([trial for trial in of if trial.half == half] for half in "AB")
        figures = [
            *(mean(of, lambda trial, name=name: getattr(trial.ours, name)) for name in ("f1", "precision", "recall")),
            *(mean(half, lambda trial: trial.ours.f1) for half in (a, b)),
        ]
        default = [mean(of, lambda trial, name=n: getattr(trial.theirs, name)) for n in ("f1", "precision", "recall")]
        lines.append(
            f"{kind:<18}{len(of):>4}"
            + "".join(f"{figure:>8.3f}" for figure in figures)
            + f"{default[0]:>12.3f}{default[1]:>8.3f}{default[2]:>8.3f}"
        )
    of = [trial for trial in trials() if trial.kind == "trafilatura-eval"]
    wanted, unwanted = (sum(trial.snippets[side] for trial in of) for side in (0, 1))
    for who, name in enumerate(("ours", "default")):
        kept, left_out = (sum(getattr(trial, side)[who] for trial in of) for side in ("kept", "left_out"))
        share = (kept + left_out) / (wanted + unwanted)
        lines.append(
            f"trafilatura-eval, {name}: {len(of)} pages, with {kept}/{wanted}, without {left_out}/{unwanted}, "
            f"right {share:.3f}"
        )
    seconds = sorted(trial.seconds for trial in trials())
    median, p95, longest = statistics.median(seconds), seconds[int(0.95 * len(seconds))], seconds[-1]
    lines.append(
        f"time a page: median {1000 * median:.0f} ms, p95 {1000 * p95:.0f} ms, longest {1000 * longest:.0f} ms"
    )
    return "\n".join(lines)


@needs_pages
@pytest.mark.parametrize("kind", ["fundus", "zyte-aeb"])
def test_the_text_of_a_page_is_the_one_people_marked(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        if kind == "fundus":
            print(f"\n{report()}")

    assert mean([trial for trial in trials() if trial.kind == kind], lambda trial: trial.ours.f1) >= TARGET


if __name__ == "__main__":
    print(report())
