-- How did the polls of the last day end?
-- :now  counted from another instant, such as 2026-11-22T12:00:00Z (default: now)
SELECT outcome, count(*) AS polls, count(DISTINCT feed) AS feeds, sum(new) AS new_articles, sum(bytes) AS bytes
FROM polls
WHERE at >= strftime('%Y-%m-%dT%H:%M:%SZ', coalesce(:now, 'now'), '-1 day')
GROUP BY outcome
ORDER BY polls DESC;
