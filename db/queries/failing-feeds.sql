-- Which feeds fail now, since when, and with what?
SELECT key, failing_since, failures, last_outcome, last_error, next_poll_at, moved_to
FROM feeds
WHERE failures > 0 AND state <> 'removed'
ORDER BY failing_since;
