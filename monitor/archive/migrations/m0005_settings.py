"""What the archive remembers of how it was written: so far, what the stored link keys were made by."""

STATEMENTS = (
    """
CREATE TABLE settings (
  name  TEXT PRIMARY KEY, -- what is remembered: canon (version of the link form, and digest of its rules)
  value TEXT NOT NULL     -- what it was when the archive was last brought in line with it
) STRICT, WITHOUT ROWID
""",
)
