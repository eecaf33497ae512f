"""Values as the templates show them. Everything is escaped here or by the template; nothing is trusted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from monitor.render.passages import direction, pieces, web_link
from monitor.render.words import Words

__all__ = ["Passage", "ago", "day_name", "passage", "quoted", "url", "web_link", "when"]


@dataclass(frozen=True, slots=True)
class Passage:
    """A text with marked words, and how it is read."""

    pieces: tuple[tuple[str, bool], ...]
    dir: str  # ltr, rtl
    lang: str  # BCP 47; empty: undetermined

    def __html__(self) -> str:
        """As HTML: each piece escaped, the marked ones in `mark`."""
        parts = [f"<mark>{escape(text)}</mark>" if is_match else str(escape(text)) for text, is_match in self.pieces]
        lang = f' lang="{escape(self.lang)}"' if self.lang else ""
        return f'<span dir="{self.dir}"{lang}>{"".join(parts)}</span>'


def passage(text: str, marks: Sequence[tuple[int, int]] = (), language: str = "und") -> Passage:
    """A text with its marks."""
    cut = pieces(text, marks)
    return Passage(cut, direction(cut), "" if language == "und" else language)


def when(at: datetime | None, words: Words, now: datetime) -> Markup:
    """An instant, short: the time today, the day before that; the whole for who asks. None: a dash."""
    if at is None:
        return Markup("–")  # a dash, as typesetters set it
    zone = ZoneInfo(words.timezone)
    local, today = at.astimezone(zone), now.astimezone(zone).date()
    if local.date() == today:
        short = f"{local:%H:%M}"
    elif abs(local.date() - today) < timedelta(days=300):
        short = f"{words.date(local)} {local:%H:%M}"
    else:
        short = f"{words.date(local)} {local.year}"
    full = words.moment(at)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}", full, short
    )


def ago(span: timedelta, words: Words) -> str:
    """A span of time in its largest unit."""
    seconds = int(span.total_seconds())
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size or (unit == "minutes" and seconds >= 60):
            return words(f"web_{unit}", n=seconds // size)
    return words("web_seconds", n=seconds)


def day_name(day: str, words: Words) -> str:
    """YYYY-MM-DD as people say it."""
    return words.date(datetime.fromisoformat(day).replace(tzinfo=UTC))


def quoted(name: str) -> str:
    """A name as a part of an address."""
    return quote(name, safe="")


def url(path: str, **given: object) -> str:
    """An address of ours with these parameters, without those that are None or empty."""
    kept = {name.rstrip("_"): str(value) for name, value in given.items() if value not in (None, "")}
    return f"{path}?{urlencode(kept)}" if kept else path
