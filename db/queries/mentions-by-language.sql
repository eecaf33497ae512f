-- In which languages does each rule find its articles?
-- :since  how far back, such as 90d, or a day (default: 30d)
SELECT rule, language, sum(articles) AS articles, count(DISTINCT feed) AS feeds
FROM v_mentions_by_day
WHERE day >= date(coalesce(:since, date(coalesce(:now, 'now'), '-30 days')))
GROUP BY rule, language
ORDER BY rule, articles DESC;
