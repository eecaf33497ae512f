"""Real feeds, served on loopback and polled by the real command.

Run by itself it prints the report: `.venv/bin/python -m tests.quality.test_real_feeds`.
"""

from __future__ import annotations

import io
import json
import sqlite3
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import feedparser
import pytest

from tests.commands import monitor
from tests.quality.material import DATA, configuration, needs_material, served

RULES = """
rules:
  - {name: everything, query: "the OR de OR der OR в OR и OR la OR a", channels: [desk]}
channels: {desk: {kind: maildir}}
"""


@dataclass
class Trial:
    """What two polls of every file left behind."""

    paths: dict[str, Path]  # feed key → the file it served
    expected: dict[str, int]  # feed key → entries as feedparser counts them
    polls: list[tuple[str, str, int, int, str | None]]  # of the second poll: feed, outcome, entries, new, error
    first: dict[str, tuple[str, int | None, str | None]]  # feed key → outcome, entries, error of the first poll
    carried: dict[str, int]  # feed key → entries told apart (sightings)
    repeats: dict[str, int]  # feed key → entries of the document that repeat another: same guid, link and title
    articles: tuple[int, int]  # after the first and the second poll
    alerts: tuple[int, int]


def entries_and_repeats(body: bytes) -> tuple[int, int]:
    """How many entries feedparser (or the JSON) counts, and how many of them say the same as an earlier one."""
    if body.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] == b"{":
        try:
            items = json.loads(body.decode("utf-8-sig")).get("items", [])
        except ValueError:
            return 0, 0
        keys = [(item.get("id"), item.get("url"), item.get("title")) for item in items if isinstance(item, dict)]
    else:
        try:
            entries = feedparser.parse(io.BytesIO(body), sanitize_html=False, resolve_relative_uris=False).entries
        except Exception:
            return 0, 0  # feedparser itself gives up on some of the broken ones
        # Only where all three are missing does the text tell entries apart.
        keys = [
            (dict.get(e, "id"), dict.get(e, "link"), dict.get(e, "title") or dict.get(e, "summary")) for e in entries
        ]
    return len(keys), len(keys) - len(set(keys))


def run_trial(folder: Path, kinds: tuple[str, ...]) -> Trial:
    """Serves every file of these kinds and polls all of them twice."""
    paths = {
        f"{kind}.{number:03}": path
        for kind in kinds
        for number, path in enumerate(sorted(p for p in (DATA / "feeds" / kind).rglob("*") if p.is_file()))
    }
    bodies = {name: path.read_bytes() for name, path in paths.items()}
    counted = {name: entries_and_repeats(body) for name, body in bodies.items()}
    with served(bodies) as port:
        (folder / "feeds.yaml").write_text(configuration(list(bodies), port, RULES))
        first = monitor("-q", "poll", "--all", cwd=folder, timeout=600)
        assert first.status in (0, 3), first.err
        before = counts(folder)
        second = monitor("-q", "poll", "--all", "--json", cwd=folder, timeout=600)
        after = counts(folder)
    archive = sqlite3.connect(f"file:{folder}/db/archive.db?mode=ro", uri=True)
    outcomes = {
        feed: (outcome, entries, error)
        for feed, outcome, entries, error in archive.execute(
            "SELECT feed, outcome, entries, error FROM polls GROUP BY feed HAVING rowid = min(rowid)"
        )
    }
    carried = dict(archive.execute("SELECT feed, count(*) FROM sightings GROUP BY feed"))
    archive.close()
    assert second.status in (0, 3), second.err
    return Trial(
        paths=paths,
        expected={name: entries for name, (entries, _) in counted.items()},
        repeats={name: repeats for name, (_, repeats) in counted.items()},
        polls=[(p["feed"], p["outcome"], p["entries"], p["new"], p["error"]) for p in second.json()],
        first=outcomes,
        carried=carried,
        articles=(before[0], after[0]),
        alerts=(before[1], after[1]),
    )


def counts(folder: Path) -> tuple[int, int]:
    """Articles and alerts in the archive."""
    archive = sqlite3.connect(f"file:{folder}/db/archive.db?mode=ro", uri=True)
    row = archive.execute("SELECT (SELECT count(*) FROM articles), (SELECT count(*) FROM alerts)").fetchone()
    archive.close()
    return int(row[0]), int(row[1])


def differences(trial: Trial, kind: str) -> list[str]:
    """Feeds whose entries we tell apart differently than feedparser counts them less true repeats."""
    found = []
    for name, entries in trial.expected.items():
        carried, distinct = trial.carried.get(name, 0), entries - trial.repeats[name]
        if name.startswith(kind) and carried != distinct:
            outcome, _, error = trial.first[name]
            counted = f"{entries} entries, {distinct} distinct, {carried} kept"
            found.append(f"{trial.paths[name].name}: {counted} ({outcome}) {error or ''}")
    return found


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    """One trial for all promises below; it takes a while."""
    return run_trial(tmp_path_factory.mktemp("real"), ("real", "synthetic", "broken"))


@needs_material
def test_every_entry_of_a_real_feed_is_kept(trial: Trial) -> None:
    real = [name for name in trial.expected if name.startswith("real.")]

    assert len(differences(trial, "real.")) <= len(real) / 100, differences(trial, "real.")


@needs_material
def test_every_file_ends_as_a_recorded_outcome(trial: Trial) -> None:
    assert set(trial.first) == set(trial.expected)
    assert all((error is None) == (outcome in ("new", "nothing_new")) for outcome, _, error in trial.first.values())


@needs_material
def test_a_second_poll_finds_nothing_new(trial: Trial) -> None:
    assert [poll for poll in trial.polls if poll[3]] == []
    assert trial.articles[0] == trial.articles[1]
    assert trial.alerts == (0, 0)


def main() -> None:
    """The report."""
    with tempfile.TemporaryDirectory() as folder:
        trial = run_trial(Path(folder), ("real", "synthetic", "broken"))
    for kind in ("real.", "synthetic.", "broken."):
        names = [name for name in trial.expected if name.startswith(kind)]
        entries = sum(trial.expected[name] for name in names)
        outcomes = Counter(trial.first[name][0] for name in names)
        different = differences(trial, kind)
        print(f"{kind[:-1]}: {len(names)} files, {entries} entries, outcomes {dict(outcomes)}")
        print(f"  {len(different)} files where the entries kept are not feedparser's count less repeats")
        for each in different:
            print(f"    {each}")
    print(f"articles {trial.articles[0]} after the first poll, {trial.articles[1]} after the second")
    print(f"new in the second poll: {sum(poll[3] for poll in trial.polls)}; alerts {trial.alerts}")


if __name__ == "__main__":
    main()
