"""What a tree finds is what a slow and plain reading of it finds."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from monitor.model import Outlet
from monitor.rules.document import Document
from monitor.rules.evaluate import hits, places
from monitor.rules.gates import gate
from monitor.rules.tree import And, Count, First, Has, In, Near, Node, Not, Or, Part, Regex, Term
from tests.examples import repeatable
from tests.rules.plain import Plain, Word

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


WORD = re.compile(r"[A-Za-zÀ-ÿ]+|[Ѐ-ӿ]+|[北约]")


def words(text: str) -> list[Word]:
    """The words of a text of ours."""
    return [
        Word(
            match[0],
            folded(match[0]),
            sentence=len(re.findall(r"\.\s|\n", text[: match.start()])),
            paragraph=text.count("\n", 0, match.start()),
            end=match.end(),
        )
        for match in WORD.finditer(text)
    ]


def plain(document: Document) -> Plain:
    """A document of ours, read plainly."""
    return Plain(
        texts=(document.title, document.text),
        words=(words(document.title), words(document.text)),
        others={"author": document.field("author").text.lower().split(), "source": ("news", "example")},
        outlet=document.outlet,
        language=document.language,
    )


@repeatable(200)
@given(trees, documents())
def test_a_tree_matches_exactly_when_a_plain_reading_does(tree: Node, document: Document) -> None:
    assert (hits(tree, document) is not None) == plain(document).matches(tree)


@repeatable(200)
@given(placed, documents())
def test_places_are_those_of_a_plain_reading(tree: Node, document: Document) -> None:
    assert {place[:3] for place in places(tree, document)} == plain(document).places(tree)


@repeatable(200)
@given(trees, documents())
def test_what_matches_passes_the_gate(tree: Node, document: Document) -> None:
    needed = gate(tree)
    if hits(tree, document) is None or not needed:
        return

    assert any(field.places(part) for field in document.fields for part in needed)
