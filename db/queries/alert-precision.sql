-- How good is each rule, by what people said of its alerts (`monitor alerts rate`)?
-- :since  how far back, such as 90d, or a day (default: ever)
SELECT alerts.rule, count(*) AS rated,
       count(*) FILTER (WHERE verdict = 'useful') AS useful,
       count(*) FILTER (WHERE verdict = 'useless') AS useless,
       count(*) FILTER (WHERE verdict = 'wrong') AS wrong,
       round(100.0 * count(*) FILTER (WHERE verdict = 'useful') / count(*), 1) AS percent_useful
FROM feedback JOIN alerts ON alerts.id = feedback.alert
WHERE feedback.at >= coalesce(:since, '')
GROUP BY alerts.rule
ORDER BY percent_useful, rated DESC;
