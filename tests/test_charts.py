"""Charts are well-formed whatever they show, and say it in words, too."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.charts import Bar, ranking, scale, spark, spread, stacked, week

SVG = "{http://www.w3.org/2000/svg}"
names = st.text(st.characters(blacklist_categories=("Cc", "Cs"), blacklist_characters="\ufffe\uffff"), max_size=60)
counts = st.integers(0, 10**7)


def shapes(svg: str, kind: str) -> list[ET.Element]:
    """Its shapes of a kind."""
    return [each for each in ET.fromstring(svg).iter() if each.tag == kind]


@given(st.lists(st.tuples(names, names, st.lists(counts, min_size=3, max_size=3)), max_size=40), names)
def test_every_bar_has_its_words_and_stays_within_the_picture(
    bars: list[tuple[str, str, list[int]]], name: str
) -> None:
    svg = stacked([Bar(label, told, tuple(parts)) for label, told, parts in bars], title=name, description=name)

    assert [each.text or "" for each in shapes(svg, "title")] == [name, *(told for _, told, _ in bars)]
    for rect in shapes(svg, "rect"):
        assert -0.1 <= float(rect.get("y", "")) <= 220
        assert float(rect.get("height", "")) <= 220


@given(st.lists(st.tuples(names, counts), max_size=20), st.lists(st.tuples(st.floats(0, 1), names, names), max_size=20))
def test_names_are_text_in_every_chart(rows: list[tuple[str, int]], points: list[tuple[float, str, str]]) -> None:
    assert len(shapes(ranking(rows, title="t", description="d"), "rect")) == len(rows)
    assert len(shapes(spread(points, ends=("a", "b"), title="t", description="d"), "circle")) == len(points)
    assert len(shapes(spark([count for _, count in rows], title="<&>"), "rect")) == len(rows)


@given(st.lists(counts, min_size=168, max_size=168))
def test_an_hour_without_anything_is_told_from_one_with_little(found: list[int]) -> None:
    svg = week(found, days=list("MTWTFSS"), cells=["x"] * 168, title="t", description="d")

    heats = [rect.get("class") for rect in shapes(svg, "rect")]
    assert [heat == "h0" for heat in heats] == [count == 0 for count in found]


@pytest.mark.parametrize("most", [0, 1, 3, 5, 9, 12, 99, 101, 12_345, 10**9])
def test_an_axis_reaches_what_it_shows_in_a_few_round_steps(most: int) -> None:
    top, marks = scale(most)

    assert top >= most
    assert marks[-1] == top
    assert 2 <= len(marks) <= 6
