-- In which countries' feeds does each rule find its articles?
-- :since  how far back, such as 90d, or a day (default: 30d)
SELECT rule, coalesce(country, '?') AS country, sum(articles) AS articles, count(DISTINCT feed) AS feeds
FROM v_mentions_by_day
WHERE day >= date(coalesce(:since, date(coalesce(:now, 'now'), '-30 days')))
GROUP BY rule, country
ORDER BY rule, articles DESC;
