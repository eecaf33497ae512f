"""What a tree finds is what a slow and plain reading of it finds."""

from __future__ import annotations

import operator
import re
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from monitor.model import Outlet
from monitor.rules.document import Document
from monitor.rules.evaluate import hits, places
from monitor.rules.gates import gate
from monitor.rules.tree import And, Count, First, Has, In, Near, Node, Not, Or, Part, Regex, Term, is_placed
from tests.examples import repeatable

WORDS = ["otan", "ukraine", "ukrainien", "Киев", "война", "北", "约", "guerre", "paix", "Paix", "être"]
FOLDED = {"Киев": "киев", "Paix": "paix", "être": "etre"}
LANGUAGES = ["fr", "fr-CA", "en", "uk", "und"]
ENDS = [" ", " ", " ", ", ", ". Et ", "\n"]


@st.composite
def documents(draw: st.DrawFn) -> Document:
    def prose(most: int) -> str:
        words = draw(st.lists(st.sampled_from(WORDS), max_size=most))
        return "".join(word + draw(st.sampled_from(ENDS)) for word in words)

    return Document.of(
        prose(4),
        prose(14),
        author=draw(st.sampled_from(["", "Anna Guerre"])),
        link="https://news.example/guerre",
        outlet=Outlet(
            feed=draw(st.sampled_from(["monde", "temps"])),
            tags=draw(st.sampled_from([(), ("Presse",)])),
            country=draw(st.sampled_from([None, "FR"])),
        ),
        language=draw(st.sampled_from(LANGUAGES)),
    )


def folded(word: str) -> str:
    return FOLDED.get(word, word)


part = st.one_of(
    st.sampled_from(WORDS).map(lambda word: Part(folded(word))),
    st.sampled_from(["ot", "uk", "ки", "pa"]).map(lambda letters: Part(letters, is_open=True)),
    st.just(Part("uk", is_open=True, pattern="uk.*ne?")),
    st.just(Part("paix", exact="Paix")),
)
term = st.builds(
    Term,
    st.lists(part, min_size=1, max_size=2).map(tuple),
    st.sampled_from([None, None, None, "title", "text"]),
)
placed = st.recursive(
    term,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda nodes: Or(tuple(nodes))),
        st.builds(In, st.sampled_from(["fr", "uk"]), inner),
        st.builds(Near, inner, inner, st.sampled_from([0, 1, 2, 5, "s", "p"]), st.booleans()),
    ),
    max_leaves=4,
)
leaf = st.one_of(
    placed,
    placed,
    st.just(Term((Part("guerre"),), "author")),
    st.just(Term((Part("example"),), "source")),
    st.builds(Has, st.just("feed"), st.sampled_from(["monde", "te"]), st.booleans()),
    st.builds(Has, st.just("tag"), st.just("presse")),
    st.builds(Has, st.just("lang"), st.sampled_from(["fr", "und"])),
    st.builds(Has, st.just("country"), st.just("fr")),
    st.builds(Regex, st.sampled_from(["gu?erre", "p.ix", "^otan"]), st.booleans()),
    st.builds(Count, placed, st.sampled_from([">=", ">", "=", "<=", "<"]), st.integers(0, 3)),
)
trees = st.recursive(
    leaf,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda nodes: And(tuple(nodes))),
        st.lists(inner, min_size=1, max_size=3).map(lambda nodes: Or(tuple(nodes))),
        inner.map(Not),
        st.builds(First, st.integers(1, 8), inner),
    ),
    max_leaves=5,
)


# ── a plain reading ──────────────────────────────────────────────────────────────────────────────────────────────────

Place = tuple[int, int, int]
WORD = re.compile(r"[A-Za-zÀ-ÿ]+|[Ѐ-ӿ]+|[北约]")


class Plain:
    """A document as a list of (written word, sentence, paragraph) for each field; no index, no shortcut."""

    def __init__(self, document: Document, first: int | None = None) -> None:
        self.document = document
        self.first = first
        self.texts = [document.title, document.text]
        if first is not None:
            ends = [match.end() for match in WORD.finditer(document.text)]
            self.texts[1] = document.text[: ends[first - 1]] if len(ends) > first else document.text
        self.fields = list(map(self.words, self.texts))

    @staticmethod
    def words(text: str) -> list[tuple[str, int, int]]:
        words = []
        for match in WORD.finditer(text):
            before = text[: match.start()]
            paragraph = before.count("\n")
            words.append((match[0], len(re.findall(r"\.\s|\n", before)), paragraph))
        return words

    def fits(self, part: Part, written: str) -> bool:
        word = folded(written)
        if part.exact is not None:
            return written == part.exact
        if part.pattern is not None:
            return re.fullmatch(part.pattern, word) is not None
        return word.startswith(part.letters) if part.is_open else word == part.letters

    def places(self, node: Node) -> set[Place]:
        match node:
            case Term(parts, name):
                return {
                    (number, start, start + len(parts))
                    for number, words in enumerate(self.fields)
                    if name in (None, ("title", "text")[number])
                    for start in range(len(words) - len(parts) + 1)
                    if all(self.fits(part, words[start + index][0]) for index, part in enumerate(parts))
                }
            case Or(nodes):
                return {place for inner in nodes for place in self.places(inner)}
            case In(language, inner):
                return self.places(inner) if self.document.language.split("-")[0] in (language, "und") else set()
            case Near(left, right):
                pairs = product(self.places(left), self.places(right))
                return {(a[0], min(a[1], b[1]), max(a[2], b[2])) for a, b in pairs if self.near(node, a, b)}
        raise AssertionError

    def near(self, node: Near, a: Place, b: Place) -> bool:
        first, second = (a, b) if node.ordered or a[1] <= b[1] else (b, a)
        if first[0] != second[0] or first[2] > second[1]:
            return False
        if isinstance(node.reach, int):
            return second[1] - first[2] <= node.reach
        unit = 1 if node.reach == "s" else 2
        words = self.fields[a[0]]
        return len({words[place][unit] for place in (first[1], first[2] - 1, second[1], second[2] - 1)}) == 1

    def matches(self, node: Node) -> bool:
        document = self.document
        match node:
            case Term(field="author"):
                return "Guerre" in document.field("author").text
            case Term(field="source"):
                return True
            case And(nodes):
                return all(map(self.matches, nodes))
            case Or(nodes):
                return any(map(self.matches, nodes))
            case Not(inner):
                return not self.matches(inner)
            case Has("lang", value):
                return document.language.split("-")[0] == value
            case Has("country", value):
                return (document.outlet.country or "").lower() == value
            case Has("tag", value):
                return value in [tag.lower() for tag in document.outlet.tags]
            case Has("feed", value, is_open):
                return document.outlet.feed.startswith(value) if is_open else document.outlet.feed == value
            case Regex(source, ignore_case):
                flags = re.IGNORECASE if ignore_case else 0
                return any(re.search(source, text, flags) for text in self.texts)
            case First(words, inner):
                return Plain(document, min(words, self.first or words)).matches(inner)
            case Count(inner, compare, number):
                compared = {">=": operator.ge, ">": operator.gt, "=": operator.eq, "<=": operator.le, "<": operator.lt}
                return compared[compare](self.most_apart(self.places(inner)), number)
            case In(language, inner) if not is_placed(node):
                return document.language.split("-")[0] in (language, "und") and self.matches(inner)
            case _:
                return bool(self.places(node))

    @staticmethod
    def most_apart(found: set[Place]) -> int:
        """The largest number of places of which no two overlap, by trying, last end first."""
        ordered = sorted(found, key=lambda place: (place[0], place[2]))
        best = [0] * (len(ordered) + 1)
        for index, place in enumerate(ordered):
            fitting = [best[k + 1] for k in range(index) if ordered[k][0] != place[0] or ordered[k][2] <= place[1]]
            best[index + 1] = max(best[index], 1 + max(fitting, default=0))
        return best[-1]


@repeatable(200)
@given(trees, documents())
def test_a_tree_matches_exactly_when_a_plain_reading_does(tree: Node, document: Document) -> None:
    assert (hits(tree, document) is not None) == Plain(document).matches(tree)


@repeatable(200)
@given(placed, documents())
def test_places_are_those_of_a_plain_reading(tree: Node, document: Document) -> None:
    assert {place[:3] for place in places(tree, document)} == Plain(document).places(tree)


@repeatable(200)
@given(trees, documents())
def test_what_matches_passes_the_gate(tree: Node, document: Document) -> None:
    needed = gate(tree)
    if hits(tree, document) is None or not needed:
        return

    assert any(field.places(part) for field in document.fields for part in needed)
