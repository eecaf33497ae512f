"""Charts as SVG (https://www.w3.org/TR/SVG2/): no script, no colours of their own.

Colours, and those of the dark, are the style sheet's: each shape has a class. Each chart has a title and a description
for who does not see it, and the numbers themselves in a `title` of each shape; the pages give them in a table, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH = 720.0
NARROW = 380.0  # what a phone shows without scrolling
SERIES = 8  # classes s0 to s7 are colours that can be told apart
HEATS = 6  # classes h0 (nothing) to h5

_LEFT, _TOP, _BOTTOM = 40.0, 8.0, 22.0


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of parts that stand on each other."""

    label: str  # of the axis; empty: none here
    told: str  # what it is, in words
    parts: tuple[int, ...]  # in the order of the series


def stacked(bars: Sequence[Bar], *, title: str, description: str, height: float = 220.0) -> str:
    """Bars beside each other."""
    most = max((sum(bar.parts) for bar in bars), default=0)
    top, steps = scale(most)
    room, wide = height - _TOP - _BOTTOM, (WIDTH - _LEFT) / max(len(bars), 1)
    lines = []
    for value in steps:
        y = _TOP + room * (1 - value / top)
        lines.append(f'<line class="grid" x1="{_LEFT:g}" x2="{WIDTH:g}" y1="{y:.1f}" y2="{y:.1f}"/>')
        lines.append(f'<text class="axis" x="{_LEFT - 6:g}" y="{y + 4:.1f}" text-anchor="end">{value:,}</text>')
    for number, bar in enumerate(bars):
        x, y = _LEFT + wide * number, _TOP + room
        lines.append(f"<g><title>{escape(bar.told)}</title>")
        # Also where there is nothing the pointer finds what there is.
        lines.append(f'<rect class="behind" x="{x:.1f}" y="{_TOP:g}" width="{wide:.1f}" height="{room:.1f}"/>')
        for series, part in enumerate(bar.parts):
            if part:
                tall = room * part / top
                y -= tall
                gap = min(wide * 0.15, 2.0)
                lines.append(
                    f'<rect class="s{series % SERIES}" x="{x + gap / 2:.1f}" y="{y:.1f}"'
                    f' width="{wide - gap:.1f}" height="{max(tall, 0.5):.1f}"/>'
                )
        lines.append("</g>")
        if bar.label:
            anchor = "start" if number == 0 else "middle"
            at = x if number == 0 else x + wide / 2
            lines.append(f'<text class="axis" x="{at:.1f}" y="{height - 6:g}" text-anchor="{anchor}">')
            lines.append(f"{escape(bar.label)}</text>")
    return _svg(lines, height, title, description)


def ranking(rows: Sequence[tuple[str, int]], *, title: str, description: str) -> str:
    """Bars below each other, each under its name, with its number."""
    most = max((value for _, value in rows), default=0) or 1
    tall = 34.0
    lines = []
    for number, (name, value) in enumerate(rows):
        y = tall * number
        long = (NARROW - 60) * value / most
        lines.append(f"<g><title>{escape(name)}: {value:,}</title>")
        lines.append(f'<text class="name" x="0" y="{y + 13:g}">{escape(_short(name))}</text>')
        lines.append(f'<rect class="s0" x="0" y="{y + 18:g}" width="{max(long, 1):.1f}" height="10"/>')
        lines.append(f'<text class="name" x="{long + 6:.1f}" y="{y + 27:g}">{value:,}</text></g>')
    return _svg(lines, max(tall * len(rows), 1), title, description, width=NARROW, kind="narrow")


def spark(values: Sequence[int], *, title: str) -> str:
    """A row of small bars, without an axis."""
    most = max(values, default=0) or 1
    wide, tall = 6.0, 24.0
    lines = [
        f'<rect class="{"s0" if value else "none"}" x="{wide * number:g}" y="{tall - max(tall * value / most, 1):.1f}"'
        f' width="{wide - 1:g}" height="{max(tall * value / most, 1):.1f}"/>'
        for number, value in enumerate(values)
    ]
    return _svg(lines, tall, title, "", width=wide * len(values), kind="spark")


def week(counts: Sequence[int], *, days: Sequence[str], cells: Sequence[str], title: str, description: str) -> str:
    """A heat map of the 168 hours of a week, Monday first; `cells` says each in words."""
    most = max(counts, default=0) or 1
    size, left, top = 27.0, 60.0, 20.0
    lines = [
        f'<text class="axis" x="{left + size * (hour + 0.5):g}" y="14" text-anchor="middle">{hour}</text>'
        for hour in range(0, 24, 3)
    ]
    for day, name in enumerate(days):
        y = top + size * day
        lines.append(f'<text class="axis" x="{left - 8:g}" y="{y + 18:g}" text-anchor="end">{escape(name)}</text>')
        for hour in range(24):
            count = counts[day * 24 + hour]
            heat = 0 if not count else 1 + min(int((HEATS - 1) * count / most), HEATS - 2)
            lines.append(
                f'<rect class="h{heat}" x="{left + size * hour:g}" y="{y:g}" width="{size - 2:g}"'
                f' height="{size - 2:g}"><title>{escape(cells[day * 24 + hour])}</title></rect>'
            )
    return _svg(lines, top + size * len(days), title, description)


def spread(points: Sequence[tuple[float, str, str]], *, ends: tuple[str, str], title: str, description: str) -> str:
    """Who came when, a line each under its name: (0 to 1 of the time, name, in words)."""
    tall = 34.0
    lines = []
    for number, (at, name, told) in enumerate(points):
        y = tall * number
        lines.append(f"<g><title>{escape(told)}</title>")
        lines.append(f'<text class="name" x="0" y="{y + 13:g}">{escape(_short(name))}</text>')
        lines.append(f'<line class="grid" x1="0" x2="{NARROW:g}" y1="{y + 24:g}" y2="{y + 24:g}"/>')
        lines.append(f'<circle class="s0" cx="{5 + (NARROW - 10) * at:.1f}" cy="{y + 24:g}" r="5"/></g>')
    below = tall * len(points) + 16
    lines.append(f'<text class="axis" x="0" y="{below:g}">{escape(ends[0])}</text>')
    lines.append(f'<text class="axis" x="{NARROW:g}" y="{below:g}" text-anchor="end">{escape(ends[1])}</text>')
    return _svg(lines, below + 6, title, description, width=NARROW, kind="narrow")


def scale(most: int) -> tuple[int, tuple[int, ...]]:
    """The top of an axis that reaches so far, and round numbers to mark on it."""
    step = 1
    while most > step * 4:
        step = next(step // unit * more for unit, more in ((5, 10), (2, 5), (1, 2)) if _leads(step, unit))
    top = max(-(-most // step) * step, 1)
    return top, tuple(range(0, top + 1, step))


def _short(name: str) -> str:
    return name if len(name) <= 50 else f"{name[:49]}…"


def _leads(number: int, digit: int) -> bool:
    return str(number)[0] == str(digit)


def _svg(
    lines: Sequence[str], height: float, title: str, description: str, *, width: float = WIDTH, kind: str = "chart"
) -> str:
    told = f"<desc>{escape(description)}</desc>" if description else ""
    return (
        f'<svg class="{kind}" role="img" viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}"'
        f' aria-label="{escape(f"{title}. {description}" if description else title)}">'
        f"<title>{escape(title)}</title>{told}{''.join(lines)}</svg>"
    )
