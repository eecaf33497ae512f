"""`python -m monitor.archive.migrations > db/schema.sql`: the schema as SQL, for people."""

from monitor.archive.migrations import schema_sql

print(schema_sql(), end="")
