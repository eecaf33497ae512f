"""A glance passes over no text that a rule matches."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.model import RuleSpec
from monitor.rules import may_match
from monitor.rules.document import Field
from monitor.rules.ruleset import Rule
from monitor.rules.tree import Part, Term
from monitor.text import clean, fold
from tests.examples import repeatable


def rule_of(part: Part) -> Rule:
    """A rule that asks for one word."""
    return Rule(RuleSpec(name="r"), Term((part,)), ())


TEXT = st.text(
    st.one_of(
        st.sampled_from("abnestuABÉéßœÆøŁđıİёЁеКїйіґ北约ダﾀ우١" + "  '’ʼ-_.,№²ªﬁ\u0301\u0337\u200d\u0640\uff9e"),
        st.characters(),
    ),
    max_size=25,
).map(clean)


@repeatable(300)
@given(TEXT)
@example("№ 5")
@example("L’E\u0301TAT")
@example("ﾀﾞﾆ")
@example("ＮＡＴＯ")
@example("об’єднання")
def test_a_text_that_holds_a_word_is_never_passed_over(text: str) -> None:
    for word in Field("text", text).words:
        for part in (Part(word), Part(word[:2], is_open=True)):
            assert may_match([rule_of(part)])(text), word


def test_every_character_that_makes_a_word_is_seen() -> None:
    lost = []
    for char in map(chr, range(0x20, 0x30000)):
        if char.isalnum() and fold(char) == char:
            continue  # it is looked for as it is
        text = clean(f"x{char}y")
        lost += [char for word in Field("text", text).words if not may_match([rule_of(Part(word))])(text)]

    assert lost == []


@pytest.mark.parametrize(
    ("letters", "text", "may"),
    [
        ("ukraine", "La guerre dure. 北约", False),
        ("ukraine", "En UKRAINE, 北约", True),
        ("北", "美国和约", False),
        ("北", "美国和北约", True),
        ("etat", "Un éclat", False),
        ("5g", "La guerre", True),  # numbers are not looked for
    ],
)
def test_a_text_without_the_letters_in_a_row_is_passed_over(letters: str, text: str, may: bool) -> None:
    assert may_match([rule_of(Part(letters))])(text) is may
