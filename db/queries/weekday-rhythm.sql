-- On which weekdays, at which hours (UTC), does each feed publish?
-- :feed   one feed only (default: all)
-- :since  how far back, such as 90d, or a day (default: 30d)
SELECT feed,
       CASE strftime('%w', first_seen_at) WHEN '0' THEN 'Sunday' WHEN '1' THEN 'Monday' WHEN '2' THEN 'Tuesday'
         WHEN '3' THEN 'Wednesday' WHEN '4' THEN 'Thursday' WHEN '5' THEN 'Friday' ELSE 'Saturday' END AS weekday,
       strftime('%H', first_seen_at) AS hour, count(*) AS articles
FROM articles
WHERE first_seen_at >= coalesce(:since, date(coalesce(:now, 'now'), '-30 days')) AND (:feed IS NULL OR feed = :feed)
GROUP BY feed, strftime('%w', first_seen_at), hour
ORDER BY feed, (strftime('%w', first_seen_at) + 6) % 7, hour;
