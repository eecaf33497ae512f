"""Feed lists as real readers export them: every feed in them is read.

Counted against the index, and against the xmlUrl attributes in the text, whatever stands around them.
"""

from __future__ import annotations

import csv
import re

import pytest

from monitor.opml import FeedList, read
from tests.quality.material import DATA, needs_material

pytestmark = needs_material

INDEX = DATA / "opml" / "index.csv"
ROWS = list(csv.DictReader(INDEX.read_text().splitlines())) if INDEX.exists() else []

_XML_URL = re.compile(rb"xmlUrl\s*=\s*[\"']\s*([^\"'\s]*)", re.IGNORECASE)


@pytest.mark.parametrize("row", ROWS, ids=[row["path"].removeprefix("opml/") for row in ROWS])
def test_every_feed_of_a_real_list_is_read(row: dict[str, str]) -> None:
    body = (DATA / row["path"]).read_bytes()

    found = read(body)

    assert isinstance(found, FeedList)
    assert found.problems == ()
    assert found.unusable == ()
    # A list without an xmlUrl is an outline of something else, or of links to other lists; those are named.
    assert len(found.feeds) == int(row["feeds"]) == len(_XML_URL.findall(body))
    assert bool(found.lists) == (b'type="link"' in body or b'type="include"' in body)


def test_titles_and_folders_are_kept() -> None:
    lists = [read((DATA / row["path"]).read_bytes()) for row in ROWS]
    feeds = [feed for each in lists if isinstance(each, FeedList) for feed in each.feeds]

    untitled = [feed.url for feed in feeds if feed.title is None]  # three of them have no text and no title
    assert len(untitled) == 3
    assert sum(bool(feed.tags) for feed in feeds) >= 0.5 * len(feeds)
