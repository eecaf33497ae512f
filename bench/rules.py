"""What rules cost an article, at ten, a thousand and ten thousand of them, beside other ways to find words.

    python bench/rules.py [--feeds FOLDER] [--no-peer]

Rules are of seven kinds in turn (below), of words that the texts hold as often as they do. Texts are 2,500 characters
long: words by chance, the same at every run, or with --feeds what the feeds in a folder carry, run together. Half of
them are for making rules and for getting acquainted with words, as a daemon is that runs; the other half is timed, each
text once. Every way has a process of its own, so that its memory can be told.

The other ways look for the same words and phrases and know nothing else of the language: no NEAR, no counts, no
scores, no scripts without spaces. What they find is no answer yet.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import re
import sqlite3
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from importlib import import_module
from itertools import accumulate
from pathlib import Path

import measure

from monitor.model import Outlet, ParsedFeed, RuleSpec
from monitor.normalise import body_text
from monitor.parse import parse
from monitor.rules import Document, RuleSet

HERE = Path(__file__).parent
RESULTS = HERE / "results"
PEER = RESULTS / "peer-ahocorasick"
LENGTH = 2_500  # characters of a text
TEXTS = 2_000
COUNTS = (10, 1_000, 10_000)
SLOWEST = {"one regex a rule": 1_000, "one-row FTS5": 1_000}  # beyond, they would take minutes
ROUNDS = 3
ALIASES, FORMS = 200, 30
COMMON = 1_000  # words that nobody makes a rule of

Rules = list[dict[str, object]]
Aliases = dict[str, list[str]]


# ── texts and rules ──────────────────────────────────────────────────────────────────────────────────────────────────


def made_up(number: int) -> list[str]:
    """Texts of words drawn as often as words are (Zipf), of which some begin with a capital, in sentences."""
    chance = random.Random(7)
    words = ["".join(chance.choices("abcdefghilmnoprstuvé", k=chance.randint(2, 11))) for _ in range(100_000)]
    words = [word.capitalize() if chance.random() < 0.2 else word for word in words]
    weights = list(accumulate(1 / rank for rank in range(1, len(words) + 1)))
    texts = []
    for _ in range(number):
        text = ""
        while len(text) < LENGTH:
            text += " ".join(chance.choices(words, cum_weights=weights, k=chance.randint(8, 24))) + ". "
        texts.append(text[:LENGTH])
    return texts


def carried(folder: Path) -> list[str]:
    """What the feeds in a folder carry, run together within each feed and cut into texts."""
    texts: list[str] = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        feed = parse(path.read_bytes(), url="https://feed.example/", content_type=None)
        entries = feed.entries if isinstance(feed, ParsedFeed) else ()
        whole = "\n\n".join(f"{entry.title}. {body_text(entry)}" for entry in entries)
        texts += [whole[start : start + LENGTH] for start in range(0, len(whole) - LENGTH, LENGTH)]
    random.Random(7).shuffle(texts)
    return texts[:TEXTS]


def rules_for(texts: Sequence[str], count: int) -> tuple[Rules, Aliases]:
    """So many rules in words of these texts, none of them among the commonest; as in feeds.yaml."""
    chance = random.Random(11)
    sentences = [re.findall(r"[^\W\d_]{3,}", sentence) for text in texts for sentence in re.split(r"[.\n]", text)]
    sentences = [words for words in sentences if len(words) >= 6]
    often = Counter(word.lower() for words in sentences for word in words)
    common = {word for word, _ in often.most_common(COMMON)}
    telling = sorted(word for word in often if word not in common)
    # Words in capitals could be operators, of this query language or another.
    of_sentences = [[word for word in words if not (word.isupper() or word.lower() in common)] for words in sentences]
    of_sentences = [words for words in of_sentences if len(words) >= 3]

    def word() -> str:
        return chance.choice(chance.choice(of_sentences))

    def phrase() -> str:
        words: list[str] = []
        while all(word.lower() in common for word in words):
            words = chance.choice(sentences)
            start = chance.randrange(len(words) - 2)
            words = words[start : start + chance.randint(2, 3)]
        return f'"{" ".join(words)}"'

    def two() -> tuple[str, str]:
        one, other = chance.sample(chance.choice(of_sentences), 2)
        return one, other

    def rule(number: int) -> dict[str, object]:
        match number % 7:
            case 0:
                return {"query": f"{word()} {word()}"}
            case 1:
                return {"query": f"{phrase()} OR {phrase()}"}
            case 2:
                return {"query": f"{word()[:6]}* -{word()}"}
            case 3:
                return {"query": "{} NEAR/12 {}".format(*two())}
            case 4:
                return {"query": f"@name{chance.randrange(ALIASES)} AND ({word()} OR {word()})"}
            case 5:
                return {"score": {word(): 10, word(): 5, phrase(): 5, word(): -20}, "threshold": 10}
            case _:
                return {"query": f"title:{word()} OR count({word()}) >= 2 OR ={word().capitalize()}"}

    forms = {f"name{number}": [*chance.sample(telling, FORMS - 2), phrase(), phrase()] for number in range(ALIASES)}
    return [rule(number) for number in range(count)], forms


def strings_of(rule: dict[str, object], aliases: Aliases) -> list[str]:
    """The words and phrases a rule looks for, without operators; a prefix keeps its star."""
    scores = rule.get("score")
    query = " ".join(str(key) for key in scores) if isinstance(scores, dict) else str(rule["query"])
    query = re.sub(r"@(\w+)", lambda name: " ".join(aliases[name[1]]), query)
    query = re.sub(r"NEAR/\d+|>= \d+|\bOR\b|\bAND\b|title:|count\(|[()=]|-\w+", " ", query)
    return [phrase.strip('"').lower() for phrase in re.findall(r'"[^"]+"|[^\s"]+', query)]


# ── ways to find them: each takes rules, and gives what takes a text and tells how many rules found something ────────


def rule_set(rules: Rules, aliases: Aliases) -> RuleSet:
    """The rules as the daemon holds them."""
    specs = []
    for number, rule in enumerate(rules):
        score, query, threshold = rule.get("score", {}), rule.get("query"), rule.get("threshold")
        assert isinstance(score, dict)
        specs.append(
            RuleSpec(
                name=f"rule-{number}",
                query=None if query is None else str(query),
                score=tuple(score.items()),
                threshold=None if threshold is None else float(str(threshold)),
            )
        )
    return RuleSet.of(specs, aliases)


def as_document(text: str) -> Document:
    """What the daemon holds rules against; the beginning stands in for a title."""
    return Document.of(text[:80], text[80:], language="en", outlet=Outlet(feed="gazette"))


def ours(rules: Rules, aliases: Aliases) -> Callable[[str], int]:
    """The whole language."""
    compiled = rule_set(rules, aliases)
    return lambda text: len(compiled.match(as_document(text)))


def regexes(rules: Rules, aliases: Aliases) -> Callable[[str], int]:
    """One regular expression a rule."""
    compiled = []
    for rule in rules:
        each = [
            re.escape(string.rstrip("*")) + ("" if string.endswith("*") else r"\b")
            for string in strings_of(rule, aliases)
        ]
        compiled.append(re.compile(r"\b(?:" + "|".join(each) + ")"))

    def match(text: str) -> int:
        folded = text.lower()
        return sum(1 for pattern in compiled if pattern.search(folded))

    return match


def aho_corasick(rules: Rules, aliases: Aliases) -> Callable[[str], int]:
    """One automaton of all strings, and a look at the ends of what it finds."""
    automaton = import_module("ahocorasick").Automaton()
    owners: dict[str, list[int]] = {}
    for number, rule in enumerate(rules):
        for string in strings_of(rule, aliases):
            owners.setdefault(string, []).append(number)
    for string, numbers in owners.items():
        automaton.add_word(string.rstrip("*"), (string, numbers))
    automaton.make_automaton()

    def match(text: str) -> int:
        folded = f" {text.lower()} "
        found: set[int] = set()
        for end, (string, numbers) in automaton.iter(folded):
            start = end - len(string.rstrip("*")) + 1
            if not folded[start - 1].isalnum() and (string.endswith("*") or not folded[end + 1].isalnum()):
                found.update(numbers)
        return len(found)

    return match


def one_row(rules: Rules, aliases: Aliases) -> Callable[[str], int]:
    """A full-text index of one article at a time, asked once for each rule."""
    database = sqlite3.connect(":memory:")
    database.execute("CREATE VIRTUAL TABLE article USING fts5(text, tokenize='unicode61 remove_diacritics 2')")
    questions = []
    for rule in rules:
        each = [f'"{string.rstrip("*")}"{"*" if string.endswith("*") else ""}' for string in strings_of(rule, aliases)]
        questions.append(" OR ".join(each))

    def match(text: str) -> int:
        database.execute("DELETE FROM article")
        database.execute("INSERT INTO article VALUES (?)", (text,))
        ask = "SELECT 1 FROM article WHERE article MATCH ?"
        return sum(1 for question in questions if database.execute(ask, (question,)).fetchone())

    return match


WAYS = {"ours": ours, "one regex a rule": regexes, "pyahocorasick": aho_corasick, "one-row FTS5": one_row}


# ── the run ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def timed(way: str, count: int, folder: Path | None) -> dict[str, float]:
    """What one way costs, in this process. Milliseconds of CPU, megabytes."""
    if way == "pyahocorasick":
        sys.path.insert(0, str(PEER))
    texts = made_up(TEXTS) if folder is None else carried(folder)
    rules, aliases = rules_for(texts[::2], count)
    WAYS[way](rules[:7], aliases)(texts[0])  # imports, the grammar
    before = _resident()
    begun = time.process_time()
    match = WAYS[way](rules, aliases)
    compiled = time.process_time() - begun
    gc.freeze()  # as a worker does when it has its rules
    for text in texts[::2]:
        if way not in SLOWEST:
            match(text)
    spent, found = [], 0
    for text in texts[1 :: 80 if way in SLOWEST else 10]:
        begun = time.process_time()
        found += match(text)
        spent.append(time.process_time() - begun)
    figures = {
        "compile_ms": compiled * 1e3,
        "article_ms": statistics.median(spent) * 1e3,
        "p95_ms": sorted(spent)[len(spent) * 95 // 100] * 1e3,
        "found": found / len(spent),
        "grown_mb": _resident() - before,
        "process_mb": _resident(),
    }
    if way == "ours":
        figures |= parts(rule_set(rules, aliases), texts[1::10])
    return figures


def parts(rules: RuleSet, texts: Sequence[str]) -> dict[str, float]:
    """Milliseconds an article takes to be read, to be looked up, and to be matched; for texts that were seen before."""
    spent: dict[str, list[float]] = {"read_ms": [], "look_up_ms": [], "match_ms": []}
    for text in texts:
        begun = time.process_time()
        document = as_document(text)
        assert document.words  # they are read when they are asked for
        read = time.process_time()
        held = rules.held_against(document)
        looked_up = time.process_time()
        for rule in held:
            rule.match(document)
        matched = time.process_time()
        for name, part in zip(spent, (read - begun, looked_up - read, matched - looked_up), strict=True):
            spent[name].append(part * 1e3)
    return {name: statistics.median(each) for name, each in spent.items()}


def _resident() -> float:
    return measure.resident_mb(os.getpid())


def main() -> None:
    """All ways in turn, several times over."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--feeds", type=Path)
    parser.add_argument("--no-peer", action="store_true")
    parser.add_argument("--one", nargs=2, metavar=("WAY", "RULES"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(timed(options.one[0], int(options.one[1]), options.feeds)))
        return
    RESULTS.mkdir(exist_ok=True)
    if not options.no_peer and not PEER.exists():
        print("installing pyahocorasick (once)", file=sys.stderr)
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(PEER), "pyahocorasick==2.*"]
        subprocess.run(pip, check=True)
    runs: dict[tuple[int, str], list[dict[str, float]]] = {}
    for _ in range(ROUNDS):
        for count in COUNTS:
            for way in WAYS:
                if count > SLOWEST.get(way, count) or (options.no_peer and way == "pyahocorasick"):
                    continue
                command = [sys.executable, __file__, "--one", way, str(count)]
                command += [] if options.feeds is None else ["--feeds", str(options.feeds)]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                runs.setdefault((count, way), []).append(json.loads(done.stdout))
    rows = []
    for (count, way), turns in runs.items():
        medians = {name: round(statistics.median(turn[name] for turn in turns), 3) for name in turns[0]}
        rows.append({"rules": count, "way": way, **medians})
        print(json.dumps(rows[-1]))
    (RESULTS / "rules.json").write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
