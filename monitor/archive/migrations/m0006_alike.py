"""Which articles a search reads whatever the index says: now also those in Greek with its old accents, and a few signs.

In return the index is asked for Greek, Arabic and Armenian words, each in the spellings that fold to it.
"""

STATEMENTS = (
    """
UPDATE articles SET fts_alike = 0
WHERE fts_alike = 1 AND (title GLOB '*[ǮǯϒϓϔϲϹٵٶٷٸἀ-ὅ]*' OR text GLOB '*[ǮǯϒϓϔϲϹٵٶٷٸἀ-ὅ]*')
""",
)
