"""What finds the texts that may be pruned, without looking at those that were."""

STATEMENTS = ("CREATE INDEX articles_unpruned ON articles (first_seen_at, id) WHERE pruned_at IS NULL",)
