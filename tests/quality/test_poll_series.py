"""Real feeds at successive polls, replayed in order by the real command.

Run by itself it prints the report: `.venv/bin/python -m tests.quality.test_poll_series`.
"""

from __future__ import annotations

import io
import sqlite3
import tempfile
from dataclasses import dataclass
from pathlib import Path

import feedparser
import pytest

from tests.commands import monitor
from tests.quality.material import DATA, configuration, needs_material, served


@dataclass
class Series:
    """One feed's replay."""

    links: int  # distinct links over all polls: each is one item
    carried: int  # entries the archive tells apart
    articles_of_one_link: int  # the most articles any one link has
    retitled: int  # items whose title changed between polls
    revised: int  # articles with revisions
    came_back_new: int  # items counted new although an earlier poll had them


def replay(folder: Path) -> dict[str, Series]:
    """Serves poll after poll of every series and polls each time."""
    names = sorted(path.name for path in (DATA / "poll-series").iterdir() if path.is_dir())
    snapshots = {name: sorted((DATA / "poll-series" / name).glob("*.xml")) for name in names}
    bodies: dict[str, bytes] = {}
    seen: dict[str, dict[str, set[str]]] = {name: {} for name in names}
    came_back = dict.fromkeys(names, 0)
    with served(bodies) as port:
        (folder / "feeds.yaml").write_text(configuration(names, port))
        for index in range(max(map(len, snapshots.values()))):
            bodies.update({name: files[index].read_bytes() for name, files in snapshots.items() if index < len(files)})
            result = monitor("-q", "poll", "--all", "--json", cwd=folder, timeout=300)
            assert result.status == 0, result.out + result.err
            for poll in result.json():
                name = poll["feed"]
                fresh = 0
                for entry in feedparser.parse(io.BytesIO(bodies[name])).entries:
                    titles = seen[name].setdefault(entry.link, set())
                    fresh += not titles
                    # Spacing alone (a no-break space put in) is no other title.
                    titles.add(" ".join(entry.get("title", "").split()))
                came_back[name] += max(poll["new"] - fresh, 0)
    archive = sqlite3.connect(f"file:{folder}/db/archive.db?mode=ro", uri=True)

    def number(sql: str, name: str) -> int:
        return int(archive.execute(sql, {"feed": name}).fetchone()[0] or 0)

    result_of = {
        name: Series(
            links=len(seen[name]),
            carried=number("SELECT count(DISTINCT article) FROM sightings WHERE feed = :feed", name),
            articles_of_one_link=number(
                "SELECT max(n) FROM (SELECT count(*) AS n FROM articles WHERE feed = :feed GROUP BY link)", name
            ),
            retitled=sum(len(titles) > 1 for titles in seen[name].values()),
            revised=number("SELECT count(*) FROM articles WHERE feed = :feed AND revisions > 0", name),
            came_back_new=came_back[name],
        )
        for name in names
    }
    archive.close()
    return result_of


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Series]:
    """One replay for all promises below."""
    return replay(tmp_path_factory.mktemp("series"))


@needs_material
def test_each_item_is_one_article_over_all_polls(series: dict[str, Series]) -> None:
    assert {name: (s.carried, s.articles_of_one_link) for name, s in series.items()} == {
        name: (s.links, 1) for name, s in series.items()
    }


@needs_material
def test_a_retitled_item_is_a_revision(series: dict[str, Series]) -> None:
    assert {name for name, s in series.items() if s.revised < s.retitled} == set()


@needs_material
def test_no_item_comes_back_as_new(series: dict[str, Series]) -> None:
    assert {name: s.came_back_new for name, s in series.items() if s.came_back_new} == {}


def main() -> None:
    """The report."""
    with tempfile.TemporaryDirectory() as folder:
        for name, s in replay(Path(folder)).items():
            print(
                f"{name:14} {s.links:5} items, {s.carried:5} articles, {s.retitled:3} re-titled, "
                f"{s.revised:3} with revisions, {s.came_back_new} came back as new"
            )


if __name__ == "__main__":
    main()
