-- How many alerts did each rule raise a day, and how many of them were sent?
-- :since  how far back, such as 90d, or a day (default: 14d)
SELECT date(created_at) AS day, rule, count(*) AS alerts, count(*) FILTER (WHERE state = 'sent') AS sent,
       count(*) FILTER (WHERE state = 'waiting') AS waiting, count(*) FILTER (WHERE state = 'dead') AS given_up,
       count(*) FILTER (WHERE state = 'joined') AS told_before
FROM alerts
WHERE rule IS NOT NULL AND created_at >= coalesce(:since, date(coalesce(:now, 'now'), '-14 days'))
GROUP BY day, rule
ORDER BY day DESC, alerts DESC, rule;
