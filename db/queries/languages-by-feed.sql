-- Which languages does each feed write in, and how sure are we?
SELECT feed, language, count(*) AS articles, round(avg(language_confidence), 2) AS mean_confidence
FROM articles
GROUP BY feed, language
ORDER BY feed, articles DESC;
