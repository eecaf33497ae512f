-- Which articles could not be told a language? (A rule's `languages` never skips them.)
SELECT id, feed, first_seen_at, title, length(text) AS characters
FROM articles
WHERE language = 'und'
ORDER BY id DESC
LIMIT 100;
