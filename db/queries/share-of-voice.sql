-- Which rule's subject gets which share of the stories that any rule found, by country?
-- :since  how far back, such as 90d, or a day (default: 30d)
WITH told AS (
  SELECT DISTINCT matches.rule, coalesce(feeds.country, '?') AS country, articles.story
  FROM matches JOIN articles ON articles.id = matches.article JOIN feeds ON feeds.key = articles.feed
  WHERE matches.matched_at >= coalesce(:since, date(coalesce(:now, 'now'), '-30 days'))
)
SELECT country, rule, count(*) AS stories,
       round(100.0 * count(*) / sum(count(*)) OVER (PARTITION BY country), 1) AS percent
FROM told
GROUP BY country, rule
ORDER BY country, stories DESC, rule;
