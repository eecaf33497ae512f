"""`monitor check` doubts rules that the archive gives reason to doubt, with the line they stand in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.archive import open_archive
from tests.archive.builders import an_outcome, found, numbered
from tests.commands import monitor
from tests.factories import a_feed

SETTINGS = """\
monitor: {contact: desk@example.org, archive: archive.db, timezone: UTC}
feeds: [{key: gazette, url: "https://gazette.example/rss.xml"}]
aliases: {Kyiv: [Kyiv, Kiev, Київ]}
rules:
  - {name: usual, query: "@Kyiv ukraine", channels: [desk]}
  - {name: misspelt, query: "(presidant OR ukrane) NEAR/5 Paris*", channels: [desk]}
  - {name: frequent, query: "la OR le", channels: [desk]}
  - {name: strange, query: "महासागर", channels: [desk]}
  - {name: narrow, query: "ukraine NEAR/3 kyiv", channels: [desk]}
  - {name: never, query: "ukraine -ukrain*", channels: [desk]}
channels: {desk: {kind: email, to: [desk@example.org]}}
smtp: {host: localhost}
"""


def checked(folder: Path, articles: int) -> list[str]:
    """What a check of the settings warns of, beside an archive of so many articles."""
    (folder / "feeds.yaml").write_text(SETTINGS)
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    archive = open_archive(str(folder / "archive.db"), now=at)
    archive.sync_feeds([a_feed()], at)
    texts = ["La présidente de l’Ukraine à Kyiv.", "Le ministre à Paris.", "La pluie."]
    archive.record(
        an_outcome(*(found(numbered(n, guid=f"g-{n}", text=texts[n % 3])) for n in range(1, articles + 1)), at=at)
    )
    archive.close()
    result = monitor("check", cwd=folder)
    assert (result.status, result.out) == (0, f"{folder}/feeds.yaml: 1 feed, 6 rules, 1 channel: fine\n")
    return [line.removeprefix(f"{folder}/").removesuffix(" (warning)") for line in result.err.splitlines()]


BY_THEMSELVES = [
    'feeds.yaml:9:5: rule "narrow": finds only what the rule "usual" finds too, and tells the same people: '
    "they hear of it twice. Remove one of them, or give one another channel",
    'feeds.yaml:10:5: rule "never": can never match: no article satisfies both ukraine and -ukrain*',
]


def test_words_of_no_article_and_rules_that_match_most_are_named(tmp_path: Path) -> None:
    assert checked(tmp_path, 250) == [
        *BY_THEMSELVES,
        'feeds.yaml:7:5: rule "frequent": matches 250 of the latest 250 articles. '
        "Ask for something that fewer of them hold",
        'feeds.yaml:6:5: rule "misspelt": no article of the archive has the words '
        "presidant (did you mean presidente?), ukrane (did you mean ukraine?)",
        'feeds.yaml:8:5: rule "strange": no article of the archive has the word महासागर',
    ]


@pytest.mark.parametrize("articles", [199, 0])
def test_a_small_archive_is_no_reason_to_doubt_words(tmp_path: Path, articles: int) -> None:
    assert checked(tmp_path, articles) == BY_THEMSELVES
