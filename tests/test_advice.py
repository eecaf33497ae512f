"""Whoever reads of a failure is told what helps, for each kind of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.advice import advice, is_our_own_line
from monitor.model import SUCCESSES, Outcome

FAILURES = sorted(set(Outcome) - SUCCESSES)
MANUAL = Path(__file__).parent.parent / "docs" / "operations.md"


@pytest.mark.parametrize("outcome", FAILURES)
def test_every_failure_has_its_advice_and_its_row_in_the_manual(outcome: Outcome) -> None:
    assert advice(outcome, None).endswith(".")
    assert f"`{outcome}`" in MANUAL.read_text().partition("### When a feed fails")[2].partition('\n\n"Doubling"')[0]


@pytest.mark.parametrize(
    ("outcome", "status", "said"),
    [
        pytest.param(Outcome.HTTP_ERROR, 404, "nothing at its address", id="nothing there"),
        pytest.param(Outcome.HTTP_ERROR, 500, "server's side", id="its server's fault"),
        pytest.param(Outcome.HTTP_ERROR, 418, "answers with an error", id="another error"),
        pytest.param(Outcome.BLOCKED, 401, "login", id="a login"),
        pytest.param(Outcome.BLOCKED, 403, "Ask the publisher", id="a refusal"),
        pytest.param(Outcome.PROTOCOL, 304, "not modified", id="an answer to no question"),
    ],
)
def test_the_status_makes_the_advice_more_exact(outcome: Outcome, status: int, said: str) -> None:
    assert said in advice(outcome, status)


@pytest.mark.parametrize(
    ("failing", "feeds", "ours"),
    [
        pytest.param([Outcome.DNS] * 6, 10, True, id="most feeds cannot be reached"),
        pytest.param([Outcome.DNS, Outcome.TIMEOUT, Outcome.CONNECT], 5, True, id="in several ways"),
        pytest.param([Outcome.DNS] * 5, 10, False, id="half of them"),
        pytest.param([Outcome.HTTP_ERROR] * 9, 10, False, id="they answer, with errors"),
        pytest.param([Outcome.DNS] * 2, 2, False, id="two feeds are too few to tell"),
    ],
)
def test_our_own_line_is_suspected_when_most_feeds_are_out_of_reach(
    failing: list[Outcome], feeds: int, ours: bool
) -> None:
    assert is_our_own_line(failing, feeds) is ours
