-- What share of each feed's polls overlapped with the one before, so that nothing can have been missed between them?
-- :since  how far back, such as 90d, or a day (default: 7d)
SELECT feed, count(gap) AS compared_polls, sum(gap) AS gaps,
       round(100.0 * (count(gap) - sum(gap)) / count(gap), 2) AS percent,
       count(error) AS failed_polls
FROM polls
WHERE at >= coalesce(:since, date(coalesce(:now, 'now'), '-7 days'))
GROUP BY feed HAVING compared_polls > 0
ORDER BY percent, gaps DESC, feed;
