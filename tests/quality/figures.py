"""Figures with their uncertainty, printed by the suites and, on request, written into docs/quality.md.

Each suite owns a section there. `make figures` runs the suites with MONITOR_FIGURES=write, which puts what was measured
between the section's two markers; without it the page is left alone.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "quality.md"


def interval(right: int, of: int) -> tuple[float, float]:
    """The 95 % confidence interval of a share: Wilson's score interval (JASA 22, 1927), which never leaves 0 to 1."""
    if of == 0:
        return 0.0, 1.0
    z = 1.959964
    share = right / of
    centre = share + z * z / (2 * of)
    spread = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    scale = 1 + z * z / of
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


def percent(right: int, of: int) -> str:
    """A share with its interval: `98.1 % (97.2 to 98.7, n = 1,240)`."""
    if of == 0:
        return "n = 0"
    low, high = interval(right, of)
    return f"{right / of:.1%} ({low * 100:.1f} to {high * 100:.1f}, n = {of:,})".replace("%", " %", 1)


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def publish(section: str, markdown: str) -> None:
    """Prints what was measured, and writes it into its section of the page when MONITOR_FIGURES=write."""
    print(f"\n{section}\n{markdown}")
    if os.environ.get("MONITOR_FIGURES") != "write":
        return
    begin, end = f"<!-- {section}: begin -->", f"<!-- {section}: end -->"
    page = PAGE.read_text("utf-8")
    before, found, rest = page.partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise LookupError(f"docs/quality.md has no section between {begin} and {end}")
    PAGE.write_text(f"{before}{begin}\n{markdown.strip()}\n{end}{after}", "utf-8")
