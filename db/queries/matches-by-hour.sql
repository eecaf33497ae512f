-- At which hours of the day (UTC) do matches come?
SELECT strftime('%H', matched_at) AS hour, count(*) AS matches, count(DISTINCT rule) AS rules
FROM matches
GROUP BY hour
ORDER BY hour;
