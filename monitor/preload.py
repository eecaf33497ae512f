"""What the fork server imports, so that every worker process begins with it: parsers and language statistics."""

from __future__ import annotations

import gc

import monitor.workers  # noqa: F401  # with it come parse, normalise, language and rules
from monitor.language import warm_up

warm_up()

# What is loaded now is shared by all worker processes as long as nobody writes to it, and a collection would.
gc.freeze()
