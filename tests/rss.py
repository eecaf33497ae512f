"""RSS documents for tests."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime
from xml.sax.saxutils import escape

from tests.factories import NOW


def item(number: int = 1, *, published: datetime | None = NOW, **given: str | None) -> str:
    """One item; guid and link follow its number unless they are given, None leaves a field out."""
    values: Mapping[str, str | None] = {
        "title": f"Report {number} on Ukraine",
        "link": f"https://gazette.example/{number}",
        "guid": f"gazette-{number}",
        "description": f"What happened in Ukraine on day {number}, told in a sentence of some length.",
        "pubDate": format_datetime(published) if published else None,
        **given,
    }
    fields = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in values.items() if value is not None)
    return f"<item>{fields}</item>".replace("<guid>", '<guid isPermaLink="false">')


def rss(*items: str, title: str = "The Gazette", language: str = "en", end: str = "</channel></rss>") -> bytes:
    """A whole RSS 2.0 document; `end` cut short makes it a truncated one."""
    head = f'<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>{title}</title>'
    return f"{head}<link>https://gazette.example/</link><language>{language}</language>{''.join(items)}{end}".encode()
