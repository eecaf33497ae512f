"""What the fork server imports, so that every worker begins with it: parsers, statistics of languages, a grammar."""

from __future__ import annotations

import gc

import monitor.workers  # noqa: F401  # with it come parse, normalise, language and rules
from monitor import language
from monitor.rules import grammar

language.warm_up()
grammar.warm_up()

# What is loaded now is shared by all worker processes as long as nobody writes to it, and a collection would.
gc.freeze()
