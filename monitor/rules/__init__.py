"""Rules: a query compiled once, matched against every article. docs/rules.md is the language's manual.

grammar.py    query text + aliases → tree; every error with its column
tree.py       the tree: what it finds in a document, and its gate (words without which it cannot match)
document.py   an article made ready to be searched
ruleset.py    queries, rules with their scope, and all rules against one article
prefilter.py  query → FTS5 expression, to narrow a search of the archive before the query itself decides
"""

from monitor.rules.document import Document
from monitor.rules.prefilter import fts_prefilter, fts_reads_alike
from monitor.rules.ruleset import Query, Rule, RuleSet, compile_query, compile_rule

__all__ = [
    "Document",
    "Query",
    "Rule",
    "RuleSet",
    "compile_query",
    "compile_rule",
    "fts_prefilter",
    "fts_reads_alike",
]
