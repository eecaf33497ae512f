"""How many examples a property is held against: the same ones every time, however slow the machine.

MONITOR_EXAMPLES multiplies their number; `make quality` sets it.
"""

from __future__ import annotations

import os

from hypothesis import settings

TIMES = int(os.environ.get("MONITOR_EXAMPLES", "1"))


def repeatable(examples: int) -> settings:
    """Settings for a property of so many examples."""
    return settings(deadline=None, derandomize=True, max_examples=examples * TIMES)
