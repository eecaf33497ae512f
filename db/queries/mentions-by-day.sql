-- How many articles a day mention a word, by language?
-- :word   the word or words in a row, in any script, accents and case aside (default: Ukraine)
-- :since  how far back, such as 90d, or a day (default: 30d)
SELECT date(articles.first_seen_at) AS day, articles.language, count(*) AS articles
FROM articles_fts JOIN articles ON articles.id = articles_fts.rowid
WHERE articles_fts MATCH words(coalesce(:word, 'Ukraine'))
  AND articles.first_seen_at >= coalesce(:since, date(coalesce(:now, 'now'), '-30 days'))
GROUP BY day, articles.language
ORDER BY day DESC, articles DESC;
