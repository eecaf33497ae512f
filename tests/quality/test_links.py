"""How far the key of a link goes on real feeds: which links it takes for one article, and whether their titles agree.

Run by itself it prints the report: `.venv/bin/python -m pytest tests/quality/test_links.py -s`.
"""

from __future__ import annotations

import gzip
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import combinations
from pathlib import Path
from urllib.parse import urlsplit

from monitor.model import NotAFeed
from monitor.normalise import shared_links
from monitor.parse import parse
from monitor.text import fold, html_to_text, title_text, tokenize
from monitor.urls import LinkRules, link_key, site
from tests.quality.figures import percent, publish, table
from tests.quality.material import DATA, needs_material

pytestmark = needs_material


def documents() -> Iterator[Path]:
    for folder in ("feeds/real", "poll-series"):
        yield from sorted(path for path in (DATA / folder).rglob("*") if path.is_file() and path.suffix != ".csv")


@cache
def titles_by_link() -> tuple[dict[str, set[str]], int]:
    """Every link that identifies its entry, with the titles that stand over it; and how many identify none.

    A link that stands under several headlines in its own document, as a page of many notes does, is none to go by.
    """
    titles: dict[str, set[str]] = defaultdict(set)
    shared: set[str] = set()
    for path in documents():
        body = path.read_bytes()
        plain = gzip.decompress(body) if path.suffix == ".gz" else body
        parsed = parse(plain, url="https://feed.example/", content_type=None)
        if isinstance(parsed, NotAFeed):
            continue
        of_many = shared_links(parsed.entries)
        for entry in parsed.entries:
            if entry.link and link_key(entry.link) in of_many:
                shared.add(entry.link)
            elif entry.link:
                titles[entry.link].add(fold(title_text(entry.title) or html_to_text(entry.body)[:200]))
    return titles, len(shared)


def why(one: str, other: str) -> str:
    """What makes two links with one key differ, roughly; the first that applies."""
    a, b = urlsplit(one), urlsplit(other)
    host_a, host_b = a.hostname or "", b.hostname or ""
    if site(host_a) != site(host_b):
        return "a redirection and its target"
    if link_key(one, LinkRules()) != link_key(other, LinkRules()):
        return "tracking parameters"
    if host_a != host_b:
        return "www., m. or amp."
    if a.path.rstrip("/") != b.path.rstrip("/"):
        return "the path written otherwise"
    if a.query != b.query:
        return "the query written otherwise"
    if a.fragment != b.fragment:
        return "a fragment"
    return "http and https" if a.scheme != b.scheme else "a slash at the end"


def agree(one: set[str], other: set[str]) -> bool:
    """Whether two links' titles are the same, one an edited form of the other, or not there at all."""
    if one & other or not (one - {""}) or not (other - {""}):
        return True
    return any(
        2 * len(words & others) >= len(words | others) > 0
        for words in (set(tokenize(title).words) for title in one)
        for others in (set(tokenize(title).words) for title in other)
    )


def test_links_with_one_key_stand_under_one_title() -> None:
    titles, shared = titles_by_link()
    merged = groups(titles)
    reasons: Counter[str] = Counter()
    agreeing: Counter[str] = Counter()
    wrong: list[tuple[str, str]] = []
    for links in merged.values():
        for one, other in combinations(sorted(links), 2):
            reason = why(one, other)
            reasons[reason] += 1
            if agree(titles[one], titles[other]):
                agreeing[reason] += 1
            else:
                wrong.append((one, other))
    keys = {link_key(link) for link in titles} - {None}
    shorter = sum(link_key(link, LinkRules()) != link_key(link) for link in titles)
    unwrapped = sum(site(urlsplit(link).hostname or "") != str(link_key(link)).partition("/")[0] for link in titles)
    pairs = [[reason, count, percent(agreeing[reason], count)] for reason, count in reasons.most_common()]
    differing = table(["they differ by", "pairs", "titles agree"], pairs) if pairs else ""
    publish(
        "links",
        f"The {sum(1 for _ in documents())} real feed documents hold {len(titles) + shared:,} different links."
        f" {shared} stand under several headlines of one document and are not gone by; the other {len(titles):,} have"
        f" {len(keys):,} keys. Our table shortens {shorter:,}, {unwrapped} are redirections read for their target."
        f" Keys of several links: {len(merged)}, of which under different titles: {len(wrong)}.\n\n{differing}",
    )
    for one, other in wrong:
        print(f"{link_key(one)}\n  {one}  {sorted(titles[one])}\n  {other}  {sorted(titles[other])}")
    assert wrong == []


def groups(titles: Mapping[str, set[str]]) -> dict[str, list[str]]:
    """The keys of several links, and those."""
    links: dict[str, list[str]] = defaultdict(list)
    for link in titles:
        if key := link_key(link):
            links[key].append(link)
    return {key: found for key, found in links.items() if len(found) > 1}


def test_one_title_on_one_site_seldom_has_two_keys() -> None:
    """What the key may be missing: the same long headline on one host under two keys. Printed, not judged."""
    keys: dict[tuple[str, str], set[str]] = defaultdict(set)
    for link, titles in titles_by_link()[0].items():
        for title in titles:
            if len(title.split()) >= 5 and (key := link_key(link)):
                keys[site(urlsplit(link).hostname or ""), title].add(key)
    split = {where: found for where, found in keys.items() if len(found) > 1}
    print(f"\n{percent(len(split), len(keys))} of headlines stand under several keys on one site")
    for (host, title), found in sorted(split.items())[:60]:
        print(f"  {host}: {title[:60]}: {sorted(found)[:4]}")
    assert len(split) < 0.02 * len(keys)
