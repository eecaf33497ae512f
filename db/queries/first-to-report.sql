-- Who is first with the stories that a rule finds and several feeds tell, and by how many minutes?
-- :rule   one rule's stories only (default: all)
-- :since  how far back, such as 90d, or a day (default: 30d)
WITH told AS (
  SELECT DISTINCT articles.story FROM matches JOIN articles ON articles.id = matches.article
  WHERE matches.matched_at >= coalesce(:since, date(coalesce(:now, 'now'), '-30 days'))
    AND (:rule IS NULL OR matches.rule = :rule)
)
SELECT first.feed, first.country, count(*) AS stories_first,
       round(avg((SELECT min(other.minutes_behind) FROM v_story_carriers AS other
                  WHERE other.story = first.story AND NOT other.is_first))) AS mean_minutes_ahead
FROM v_story_carriers AS first
WHERE first.is_first AND first.story IN (SELECT story FROM told)
  AND (SELECT feeds FROM stories WHERE stories.id = first.story) > 1
GROUP BY first.feed
ORDER BY stories_first DESC, first.feed;
