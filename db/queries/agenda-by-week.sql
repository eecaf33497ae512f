-- What was on the agenda: each rule's share of all that rules found, week by week?
-- :since  how far back, such as 90d, or a day (default: 90d)
SELECT strftime('%Y-W%W', matched_at) AS week, rule, count(*) AS articles,
       round(100.0 * count(*) / sum(count(*)) OVER (PARTITION BY strftime('%Y-W%W', matched_at)), 1) AS percent
FROM matches
WHERE matched_at >= coalesce(:since, date(coalesce(:now, 'now'), '-90 days'))
GROUP BY week, rule
ORDER BY week DESC, articles DESC;
