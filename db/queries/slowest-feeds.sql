-- Which feeds answer slowest?
SELECT feed, count(*) AS polls, round(avg(duration_ms)) AS mean_ms, max(duration_ms) AS longest_ms,
       round(avg(bytes)) AS mean_bytes
FROM polls
GROUP BY feed
ORDER BY mean_ms DESC
LIMIT 50;
