"""Rules: a query compiled once, matched against every article. docs/rules.md is the language's manual.

words.py      text → words, signs, sentences: the one way in which rules and articles are read
query.lark    the grammar of a query
grammar.py    query text + aliases → tree; every error with its column
shipped.py    the aliases that come with the program, read from aliases.toml when a rule uses one
unexpected.py what the grammar does not expect, in words; foreign.py: what other query languages would mean by it
regexes.py    regular expressions, by RE2
shown.py      tree → query text
parts.py      what each word of a query asks of a text; stemming.py: stems of words
tree.py       the nodes of a query's tree
document.py   an article made ready to be searched
evaluate.py   what a tree finds in a document
gates.py      words of which a document must hold one for a tree to match it: what the full-text index is asked for
needs.py      all that a document must hold for a rule to match it, and rules looked up by it
ruleset.py    queries, rules with their scope, and all rules against one article
explaining.py why a rule matched an article or did not
implication.py that all matches of one query are matches of another
doubts.py     rules that can never match, or find only what another one finds
prefilter.py  query → FTS5 expression, to narrow a search of the archive before the query itself decides
"""

from monitor.rules.document import Document, document_of
from monitor.rules.grammar import Aliases
from monitor.rules.prefilter import fts_prefilter, fts_prefilter_of, fts_text, fts_word, fts_words
from monitor.rules.ruleset import Query, Rule, RuleSet, compile_query, compile_rule

__all__ = [
    "Aliases",
    "Document",
    "Query",
    "Rule",
    "RuleSet",
    "compile_query",
    "compile_rule",
    "document_of",
    "fts_prefilter",
    "fts_prefilter_of",
    "fts_text",
    "fts_word",
    "fts_words",
]
