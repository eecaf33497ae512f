"""Documents made to hurt a parser, by name. Built when they are asked for: some have megabytes.

`INSIDE` in them stands for the address of a server, `FILE` for the path of a file; a test may put real ones there.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.rss import item, rss

BOMB = "x" * 50_000
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha" * 10}">' for n in range(10))


def entities(doctype: str, title: str) -> bytes:
    """A feed with a DTD of its own, and a title that uses it."""
    feed = rss(item(1, title="TITLE")).decode()
    declaration, _, rest = feed.partition("?>")
    return f"{declaration}?>{doctype}{rest.replace('TITLE', title)}".encode()


def one(**given: str) -> bytes:
    """A feed of one item with these fields, as they are written."""
    fields = "".join(f"<{name}>{value}</{name}>" for name, value in {"guid": "one", "title": "t", **given}.items())
    return rss().replace(b"</channel>", f"<item>{fields}</item></channel>".encode("utf-8", "surrogatepass"))


def deep(levels: int) -> str:
    """Markup nested so many levels deep, escaped as a feed carries it."""
    return "&lt;div&gt;" * levels + "text" + "&lt;/div&gt;" * levels


def numbered(pattern: str, count: int) -> bytes:
    """A pattern with every number up to a count put in."""
    return "".join(map(pattern.format, range(count))).encode()


DOCUMENTS: dict[str, Callable[[], bytes]] = {
    # entities
    "one-small-entity": lambda: entities('<!DOCTYPE r [<!ENTITY a "hahaha">]>', "&a;"),
    "quadratic-entity": lambda: entities(f'<!DOCTYPE r [<!ENTITY a "{BOMB}">]>', "&a;" * 40_000),
    "billion-laughs": lambda: entities(f"<!DOCTYPE r [\n{LAUGHS}\n]>", "&l9;"),
    "billion-laughs-in-one-line": lambda: entities(f"<!DOCTYPE r [{LAUGHS}]>", "&l9;"),
    "billion-laughs-behind-a-comment": lambda: entities(f"<!-- ]> > --><!DOCTYPE r [<!-- > -->{LAUGHS}]>", "&l9;"),
    "external-entity": lambda: entities('<!DOCTYPE r [<!ENTITY x SYSTEM "file://FILE">]>', "a&x;b"),
    "public-entity": lambda: entities('<!DOCTYPE r [<!ENTITY x PUBLIC "p" "INSIDE/entity">]>', "a&x;b"),
    "parameter-entity": lambda: entities('<!DOCTYPE r [<!ENTITY % p SYSTEM "INSIDE/parameter"> %p;]>', "t"),
    "external-dtd": lambda: entities('<!DOCTYPE r SYSTEM "INSIDE/dtd">', "t"),
    "included-document": lambda: one(
        description='<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="INSIDE/include"/>'
    ),
    # what made feedparser slow
    "style-without-end": lambda: one(description='&lt;p style="' + "a" * 50_000),
    "author-without-end": lambda: one(author="a" * 60_000),
    "quoted-author-without-end": lambda: one(author=f"<![CDATA[{'a' * 60_000}]]>"),
    "newlines-before-the-root": lambda: b"\n" * 50_000 + one(),
    "newlines-after-the-declaration": lambda: b'<?xml version="1.0"?>' + b"\n" * 50_000 + one(),
    "entity-declarations": lambda: b"\n<!ENTITY" * 50_000 + one(),
    "comments-that-never-end": lambda: b"<!--" * 20_000 + one(),
    "tags-that-never-end": lambda: one(description="&lt;a " * 20_000),
    "declarations-in-markup": lambda: one(description="&lt;![" * 20_000),
    "unclosed-elements": lambda: rss().replace(b"</channel>", b"<item><title>" * 100_000 + b"</channel>"),
    "attributes-without-end": lambda: rss().replace(
        b"</channel>", b"<item " + numbered("a{0}='x' ", 50_000) + b"><title>t</title></item></channel>"
    ),
    "prefixes-without-end": lambda: rss().replace(
        b"<channel>", b"<channel " + numbered("xmlns:n{0}='urn:{0}' ", 20_000) + b">"
    ),
    "dates-without-end": lambda: one(pubDate="1" * 50_000),
    "dates-of-colons": lambda: one(pubDate="1:" * 50_000),
    # size and shape
    "title-of-nine-megabytes": lambda: one(title="t" * 9_000_000),
    "fifty-thousand-items": lambda: rss(
        *(f"<item><guid>{n}</guid><title>News {n}</title></item>" for n in range(50_000))
    ),
    "markup-a-hundred-thousand-deep": lambda: one(description=deep(100_000)),
    "elements-a-hundred-thousand-deep": lambda: one(description="<b>" * 100_000 + "</b>" * 100_000),
    "enclosure-of-a-megabyte": lambda: one().replace(
        b"</item>", b'<enclosure url="https://gazette.example/' + b"e" * 1_000_000 + b'"/></item>'
    ),
    "link-of-a-megabyte": lambda: one(link="https://gazette.example/" + "l" * 1_000_000),
    "ten-thousand-categories": lambda: one().replace(
        b"</item>", b"".join(b"<category>c%d</category>" % n for n in range(10_000)) + b"</item>"
    ),
    "two-thousand-long-articles": lambda: rss(
        *(
            f"<item><guid>{n}</guid><title>On Ukraine, {n}</title><description>{f'word{n} ' * 500}</description></item>"
            for n in range(2_000)
        )
    ),
    "deep-json": lambda: b'{"version": "https://jsonfeed.org/version/1", "items": ' + b"[" * 100_000,
    "marks-on-marks": lambda: one(title="a" + "\u0301\u0323" * 30_000),
    # numbers
    "huge-json-numbers": lambda: (
        json.dumps(
            {"version": "https://jsonfeed.org/version/1", "title": "t", "items": [{"id": 2**70, "title": "t", "x": 1}]}
        )
        .replace('"x": 1', f'"x": {"9" * 5_000}, "y": 1e999, "z": NaN, "date_published": 9{"9" * 30}')
        .encode()
    ),
    "huge-xml-numbers": lambda: one(ttl="9" * 5_000).replace(
        b"</channel>", b"<ttl>" + b"9" * 5_000 + b"</ttl><ttl>1e999</ttl></channel>"
    ),
}
