"""What judging an article costs, beside other libraries that answer the same question. A table a stage.

    python bench/judging.py [STAGE…]

Peers that are not installed are left out; PYTHONPATH may name a folder that has them. Medians over rounds of wall time
in one process; run it with nothing else under way.
"""

from __future__ import annotations

import gzip
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from monitor.model import NotAFeed
from monitor.parse import parse
from monitor.urls import link_key
from tests.test_link_table import APART, SAME

FEEDS = Path(__file__).parents[2] / "shared" / "data" / "feeds" / "real"
ROUNDS = 9

Row = tuple[str, float]  # what was measured, microseconds


def links() -> list[str]:
    """Links of real feeds, where those are at hand, and the shapes of links that the tests hold."""
    found = [link for table in (SAME, APART) for pairs in table.values() for pair in pairs for link in pair]
    for path in sorted(FEEDS.rglob("*")) if FEEDS.is_dir() else []:
        if path.is_file() and path.suffix != ".csv":
            body = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
            parsed = parse(body, url="https://feed.example/", content_type=None)
            if not isinstance(parsed, NotAFeed):
                found += [entry.link for entry in parsed.entries if entry.link]
    return list(dict.fromkeys(found))


def canonical_link() -> list[Row]:
    """Microseconds a link."""
    sample = links()
    ways: list[tuple[str, Callable[[str], object]]] = [("monitor, link_key", link_key)]
    for module, function in (
        ("w3lib.url", "canonicalize_url"),
        ("url_normalize", "url_normalize"),
        ("courlan", "clean_url"),
        ("courlan", "normalize_url"),
    ):
        try:
            ways.append((f"{module}, {function}", getattr(import_module(module), function)))
        except ImportError:
            print(f"({module} is not installed)", file=sys.stderr)
    return [(f"{name}, {len(sample):,} links", microseconds(way, sample)) for name, way in ways]


def microseconds(way: Callable[[str], object], sample: Sequence[str]) -> float:
    """The median cost of one call over several rounds; the first one warms up. Some peers raise on some links."""
    costs = []
    for _ in range(ROUNDS + 1):
        begun = time.perf_counter()
        for each in sample:
            try:
                way(each)
            except Exception:
                continue
        costs.append((time.perf_counter() - begun) / len(sample) * 1e6)
    return statistics.median(costs[1:])


STAGES: dict[str, Callable[[], list[Row]]] = {"canonical link": canonical_link}


def main(names: Sequence[str]) -> None:
    """The named stages, or all."""
    for name in names or STAGES:
        print(f"\n{name:56} {'µs each':>10}")
        for what, cost in STAGES[name]():
            print(f"{what:56} {cost:>10.1f}")


if __name__ == "__main__":
    main(sys.argv[1:])
