"""What is exported to a spreadsheet stays text there, and can be had back."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor import show
from monitor.sheets import inert, markdown


@pytest.mark.parametrize(
    "text",
    ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "'=1", "''-1"],
)
def test_what_a_spreadsheet_may_take_for_a_formula_is_text(text: str) -> None:
    assert inert(text) == f"'{text}"


@pytest.mark.parametrize("value", ["Otan", "", "a=b", "'quoted'", "’", -1, -1.5, None])
def test_all_else_stays_as_it_is(value: object) -> None:
    assert inert(value) == value


@given(st.text(alphabet=st.sampled_from("'=+-@\t\r\na"), max_size=6))
def test_every_text_can_be_had_back(text: str) -> None:
    cell = str(inert(text))

    assert (cell[1:] if re.match("'+[=+\\-@\t\r\n]", cell) else cell) == text


def test_a_csv_of_hostile_cells_reads_back_as_so_many_cells_and_no_formula() -> None:
    out = io.StringIO()
    show.as_csv(["=a", "b"], [("=1+1", 'x","y\n=2'), ([1, 2], b"\x00")], out)

    assert list(csv.reader(io.StringIO(out.getvalue()))) == [
        ["'=a", "b"],
        ["'=1+1", 'x","y\n=2'],
        ["[1, 2]", "00"],
    ]


def test_a_markdown_table_keeps_its_columns_whatever_a_cell_holds() -> None:
    table = markdown(["title", "n"], [("a | b\nc", "1"), ("<script> *x* [y](z)", "2")])

    assert table == ("| title | n |\n| --- | --- |\n| a \\| b c | 1 |\n| \\<script\\> \\*x\\* \\[y\\](z) | 2 |\n")
