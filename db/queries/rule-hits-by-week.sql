-- How often did each rule match, week by week?
SELECT strftime('%Y-W%W', matched_at) AS week, rule, count(*) AS matches
FROM matches
GROUP BY week, rule
ORDER BY week DESC, matches DESC;
