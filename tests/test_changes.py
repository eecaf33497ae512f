"""What changed is shown whole: without what is new it is the text before, without what is gone the text after."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.changes import MOST_PARAGRAPHS, Kind, changes

texts = st.lists(
    st.lists(st.sampled_from("the mayor of Kadem said that 12 ships 北 京 дом".split()), max_size=8).map(" ".join),
    max_size=6,
).map("\n".join)


def without(before: str, after: str, kind: Kind) -> list[str]:
    """The paragraphs, leaving out a kind of pieces."""
    found = ["".join(text for text, each in paragraph.pieces if each != kind) for paragraph in changes(before, after)]
    return [text for text in found if text]


def paragraphs(text: str) -> list[str]:
    return [paragraph for paragraph in text.split("\n") if paragraph]


@given(texts, texts)
def test_both_versions_can_be_read_from_it(before: str, after: str) -> None:
    assert without(before, after, "gone") == paragraphs(after)
    assert without(before, after, "new") == paragraphs(before)


@given(texts)
def test_nothing_changed_is_nothing_changed(text: str) -> None:
    assert not any(paragraph.changed for paragraph in changes(text, text))


@pytest.mark.parametrize(
    ("before", "after", "pieces"),
    [
        ("5 dead in Kadem", "12 dead in Kadem", (("5", "gone"), ("12", "new"), (" dead in Kadem", "same"))),
        ("北京市长说", "上海市长说", (("北京", "gone"), ("上海", "new"), ("市长说", "same"))),
        ("Ships wait", "The mayor resigned", (("The mayor resigned", "new"),)),
    ],
)
def test_a_word_that_changed_is_shown_within_its_sentence(
    before: str, after: str, pieces: tuple[tuple[str, Kind], ...]
) -> None:
    assert changes(before, after)[0].pieces == pieces


def test_texts_too_long_to_compare_are_shown_as_replaced() -> None:
    long = "\n".join(f"line {number}" for number in range(MOST_PARAGRAPHS + 1))

    assert {kind for paragraph in changes("a", long) for _, kind in paragraph.pieces} == {"gone", "new"}
    words = " ".join(f"word{number}" for number in range(5_000))
    assert [paragraph.pieces[0][1] for paragraph in changes(words, words + " more")] == ["new", "gone"]
