-- How often do two words stand in the same articles, week by week?
-- :word   the one (default: Ukraine)   :other  the other (default: OTAN)
-- :since  how far back, such as 90d, or a day (default: 90d)
SELECT strftime('%Y-W%W', articles.first_seen_at) AS week, count(*) AS articles,
       count(DISTINCT articles.feed) AS feeds, count(DISTINCT articles.story) AS stories
FROM articles_fts JOIN articles ON articles.id = articles_fts.rowid
WHERE articles_fts MATCH '(' || words(coalesce(:word, 'Ukraine')) || ') AND (' || words(coalesce(:other, 'OTAN')) || ')'
  AND articles.first_seen_at >= coalesce(:since, date(coalesce(:now, 'now'), '-90 days'))
GROUP BY week
ORDER BY week DESC;
