-- Which rules match the same articles?
SELECT one.rule, other.rule AS other_rule, count(*) AS articles
FROM matches AS one JOIN matches AS other ON other.article = one.article AND other.rule > one.rule
GROUP BY one.rule, other.rule
ORDER BY articles DESC;
