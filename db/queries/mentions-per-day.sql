-- How many articles a day mention a word, by language?
-- :word  the word or phrase, accents and case aside (default: Ukraine)
SELECT date(articles.first_seen_at) AS day, articles.language, count(*) AS articles
FROM articles_fts JOIN articles ON articles.id = articles_fts.rowid
WHERE articles_fts MATCH '"' || replace(coalesce(:word, 'Ukraine'), '"', '""') || '"'
GROUP BY day, articles.language
ORDER BY day DESC, articles DESC;
