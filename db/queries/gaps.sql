-- Where may we have missed articles? (A poll that shared nothing with the one before; the feed should be polled more often.)
SELECT feed, count(*) FILTER (WHERE gap = 1) AS gaps, count(gap) AS compared_polls, max(at) FILTER (WHERE gap = 1) AS latest
FROM polls
GROUP BY feed HAVING gaps > 0
ORDER BY gaps DESC;
