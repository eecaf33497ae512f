-- Which feeds mention a word most, and in what share of their articles?
-- :word   the word or words in a row, in any script (default: Ukraine)
-- :since  how far back, such as 90d, or a day (default: 30d)
WITH found AS (
  SELECT articles.feed, count(*) AS articles
  FROM articles_fts JOIN articles ON articles.id = articles_fts.rowid
  WHERE articles_fts MATCH words(coalesce(:word, 'Ukraine'))
    AND articles.first_seen_at >= coalesce(:since, date(coalesce(:now, 'now'), '-30 days'))
  GROUP BY articles.feed
)
SELECT found.feed, feeds.country, found.articles,
       round(100.0 * found.articles / (SELECT count(*) FROM articles WHERE articles.feed = found.feed
             AND articles.first_seen_at >= coalesce(:since, date(coalesce(:now, 'now'), '-30 days'))), 1) AS percent
FROM found JOIN feeds ON feeds.key = found.feed
ORDER BY found.articles DESC, found.feed;
