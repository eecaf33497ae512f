-- How does the archive grow, month by month?
SELECT strftime('%Y-%m', first_seen_at) AS month, count(*) AS articles, count(DISTINCT feed) AS feeds,
       round(sum(length(title) + length(text)) / 1e6, 1) AS million_characters,
       count(pruned_at) AS pruned
FROM articles
GROUP BY month
ORDER BY month DESC;
