"""Which headlines are joined into one event: labelled pairs, pairs of our own, and the real feeds.

The labelled pairs are English: news headlines of SemEval STS 2013 and 2014 and sentences of MSRpar, scored by people
from 0 to 5. From 4.0 on they count as the same event, up to 2.5 as different ones; what lies between counts as neither.
How rare a word is comes from all of these headlines, as from an archive, and only for the words of the first of two, as
the archive is asked. Half A and half B are pairs by the digest of their id: A was looked at, B only scored. Our own
pairs (event_pairs.tsv beside this file) are of eighteen languages, the different ones as alike as newsrooms make them.
The Russian pairs are addresses of one day's reports, judged by people; the words of an address stand for the title.

The groups found in the real feeds: `.venv/bin/python -m tests.quality.test_events`.
"""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

from monitor.events import WORDS, event_of, headline, likeness_of
from monitor.language import detect
from monitor.model import Article, Near, ReadFeed
from monitor.workers import read
from tests.factories import NOW, an_article
from tests.quality.figures import percent, publish, table
from tests.quality.material import DATA, needs_material

LABELLED = DATA / "neardup" / "headline-pairs.tsv"
RUSSIAN = DATA / "neardup" / "ru-same-event-url-pairs.tsv"
OWN = Path(__file__).with_name("event_pairs.tsv")
SAME, DIFFERENT = 4.0, 2.5
CUTS = (0.35, 0.40, 0.45, 0.50, 0.53, 0.56, 0.60, 0.65, 0.70)
WINDOW = timedelta(days=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Two headlines, what people say of them, and what we say."""

    group: str  # the data set, or the language
    half: str
    gold: float  # 0 to 5
    title: str
    other: str
    likeness: float
    joined: bool


def tried(rows: Iterable[tuple[str, str, float, str, str]]) -> list[Trial]:
    """Each pair (id, group, gold, title, other) judged by what an archive of all these headlines knows."""
    rows = list(rows)
    headlines = {title: headline(title, "") for row in rows for title in row[3:]}
    frequency = Counter(number for numbers in headlines.values() for number in set(numbers))
    found = []
    for pair_id, group, gold, title, other in rows:
        asked = {number: frequency[number] for number in headlines[title]}
        article = an_article(title=title, text="", headline=headlines[title])
        join = event_of(article, [near(1, other, headlines[other])], frequency=asked, reports=len(headlines))
        found.append(
            Trial(
                group=group,
                half="A" if sha256(pair_id.encode()).digest()[0] < 128 else "B",
                gold=gold,
                title=title,
                other=other,
                likeness=likeness_of(headlines[title], headlines[other], asked, len(headlines)),
                joined=join is not None,
            )
        )
    return found


def near(number: int, title: str, numbers: tuple[int, ...]) -> Near:
    """Another newsroom's report, as the archive gives it."""
    return Near(
        id=number,
        feed="tribune",
        title=title,
        text="",
        published_at=NOW,
        seen_at=NOW,
        signature=None,
        headline=numbers,
    )


@cache
def labelled() -> tuple[Trial, ...]:
    """The SemEval and MSRpar pairs."""
    with LABELLED.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        return tuple(
            tried(
                (row["id"], row["id"].partition(":")[0], float(row["score_0_to_5"]), row["text_a"], row["text_b"])
                for row in rows
            )
        )


@cache
def our_own() -> tuple[Trial, ...]:
    """The pairs beside this file."""
    rows = [line.split("\t") for line in OWN.read_text("utf-8").splitlines()]
    return tuple(
        tried((title + other, lang, 5.0 * (label == "same"), title, other) for lang, label, title, other in rows)
    )


@cache
def russian() -> tuple[Trial, ...]:
    """The pairs of addresses in which at least four words can be read."""
    with RUSSIAN.open(encoding="utf-8", newline="") as lines:
        rows = [
            (
                row["url_a"] + row["url_b"],
                "ru",
                5.0 * int(row["same_event"]),
                words_of(row["url_a"]),
                words_of(row["url_b"]),
            )
            for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        ]
    return tuple(tried(row for row in rows if min(len(title.split()) for title in row[3:]) >= 4))


def words_of(url: str) -> str:
    """The words of the wordiest part of an address."""
    return max((" ".join(re.findall("[a-z]{3,}", part.lower())) for part in urlsplit(url).path.split("/")), key=len)


def sides(trials: Iterable[Trial], same: float = SAME) -> tuple[list[Trial], list[Trial]]:
    """Those that tell of the same event, those that do not."""
    trials = list(trials)
    return [t for t in trials if t.gold >= same], [t for t in trials if t.gold <= DIFFERENT]


def area(trials: Iterable[Trial]) -> float:
    """The area under the ROC curve: how often a pair of the same event scores above one of different events."""
    same, different = sides(trials)
    above = sum((a.likeness > b.likeness) + 0.5 * (a.likeness == b.likeness) for a in same for b in different)
    return above / (len(same) * len(different))


def precision_and_recall(trials: Iterable[Trial], same: float = SAME) -> tuple[tuple[int, int], tuple[int, int]]:
    """Of the joins, how many are right; of the pairs of one event, how many are joined."""
    alike, different = sides(trials, same)
    right, wrong = sum(t.joined for t in alike), sum(t.joined for t in different)
    return (right, right + wrong), (right, len(alike))


def operating_points(sets: Sequence[tuple[str, Sequence[Trial]]]) -> str:
    """A table: set by set, how right the joins are and how many are found."""
    rows = []
    for name, trials in sets:
        precision, recall = precision_and_recall(trials)
        rows.append([name, percent(*precision), percent(*recall), f"{area(trials):.3f}"])
    return table(["pairs", "joins that are right", "pairs of one event joined", "area under ROC"], rows)


def curve(trials: Sequence[Trial]) -> str:
    """ROC points: from which score on, how many of either kind."""
    same, different = sides(trials)
    rows = []
    for cut in CUTS:
        right, wrong = sum(t.likeness >= cut for t in same), sum(t.likeness >= cut for t in different)
        rows.append(
            [f"{cut:.2f}", f"{right / len(same):.1%}", f"{wrong / len(different):.1%}", percent(right, right + wrong)]
        )
    return table(["score from", "of the same event", "of different events", "right"], rows)


def report() -> str:
    """The section of docs/quality.md."""
    pairs, own = labelled(), our_own()
    sets = [("all", pairs)]
    sets += [(f"half {half}", [t for t in pairs if t.half == half]) for half in "AB"]
    for group in ("sts2013", "sts2014", "msrpar-train"):
        sets += [(f"{group}, half {half}", [t for t in pairs if t.group == group and t.half == half]) for half in "AB"]
    cuts = [[f"{same}", *(percent(*share) for share in precision_and_recall(pairs, same))] for same in (3.5, SAME, 4.4)]
    languages = []
    for group in dict.fromkeys(t.group for t in own):
        same, different = sides(t for t in own if t.group == group)
        languages.append(
            [
                group,
                f"{sum(t.joined for t in same)} of {len(same)}",
                f"{sum(t.joined for t in different)} of {len(different)}",
            ]
        )
    return "\n\n".join(
        [
            "Labelled headline pairs (English), same event from 4.0 on, different up to 2.5:",
            operating_points(sets),
            "Headlines only, by score:",
            curve([t for t in pairs if t.group != "msrpar-train"]),
            "With another cut for the same event:",
            table(["same from", "joins that are right", "pairs of one event joined"], cuts),
            "Russian addresses, transliterated by each newsroom in its own way:",
            operating_points([("all", russian())]),
            "Pairs of our own, the different ones chosen to be alike:",
            operating_points([("all", own)]),
            table(["language", "same event: joined", "different events: joined"], languages),
        ]
    )


@needs_material
def test_nine_of_ten_joins_are_right() -> None:
    publish("events", report())

    for trials, found in (
        (labelled(), 0.6),
        ([t for t in labelled() if t.group != "msrpar-train"], 0.5),
        (russian(), 0.1),
    ):
        (right, joins), (_, of) = precision_and_recall(trials)
        assert right >= 0.9 * joins
        assert right >= found * of


def test_nine_of_ten_joins_are_right_in_many_languages() -> None:
    same, different = sides(our_own())
    assert min(len(same), len(different)) >= 60
    assert len({t.group for t in our_own()}) >= 8

    (right, joins), (_, of) = precision_and_recall(our_own())
    assert right >= 0.9 * joins
    assert right >= 0.8 * of


# ── the real feeds ───────────────────────────────────────────────────────────────────────────────────────────────────


def articles() -> list[Article]:
    """Every entry of the real feeds and the poll series once, its headline ready."""
    files = [
        (f"{path.parent.name}/{path.name}", path) for path in (DATA / "feeds" / "real").rglob("*") if path.is_file()
    ]
    files += [(path.parent.name, path) for path in (DATA / "poll-series").rglob("*.xml")]
    found: dict[tuple[str, str | None, str], Article] = {}
    for feed, path in sorted(files):
        document = read(
            path.read_bytes(),
            url="http://feed.example/",
            content_type=None,
            feed=feed,
            feed_language=None,
            known=frozenset(),
            truncated=None,
            now=NOW,
        )
        for article in document.articles if isinstance(document, ReadFeed) else ():
            found.setdefault((feed, article.link_key, article.title), article)
    return list(found.values())


def groups(held: Sequence[Article]) -> list[list[tuple[Article, float]]]:
    """Each article joined to the report it most surely belongs with among those before it; the largest groups first."""
    numbers = [headline(article.title, article.text) for article in held]
    languages = [detect(a.title, a.text, candidates=(), declared=a.declared_language).language for a in held]
    frequency = Counter(number for each in numbers for number in set(each))
    having: dict[int, list[int]] = defaultdict(list)
    group = list(range(len(held)))
    score = [0.0] * len(held)
    for index, article in enumerate(held):
        shared = Counter(before for number in set(numbers[index]) if number >= WORDS for before in having[number])
        others = []
        for before, words in shared.most_common(300):
            dates = [held[before].published_at, article.published_at]
            if None not in dates and abs(dates[0] - dates[1]) > WINDOW:  # type: ignore[operator]
                continue
            if words >= 2 and languages[before] == languages[index]:
                others.append(replace(near(before, held[before].title, numbers[before]), feed=held[before].feed))
        asked = {number: frequency[number] for number in numbers[index]}
        join = event_of(replace(article, headline=numbers[index]), others, frequency=asked, reports=len(held))
        if join is not None:
            group[index], score[index] = group[int(join.to)], join.score
        for number in set(numbers[index]):
            having[number].append(index)
    members: dict[int, list[tuple[Article, float]]] = defaultdict(list)
    for index, first in enumerate(group):
        members[first].append((held[index], score[index]))
    return sorted((each for each in members.values() if len(each) > 1), key=len, reverse=True)


def main() -> None:
    """Prints the report, and the fifty largest groups of the real feeds under several titles, to be judged by eye."""
    print(report())
    found = [members for members in groups(articles()) if len({article.title for article, _ in members}) > 1]
    for members in found[:50]:
        print(f"\n{len(members)} reports")
        for article, score in members:
            print(f"  {score:.2f}  {article.feed:45.45}  {article.title[:110]}")


if __name__ == "__main__":
    main()
