-- How fast do stories spread: minutes until a second, a third and a fifth feed carries them?
-- :since  how far back, such as 90d, or a day (default: 7d)
WITH carried AS (
  SELECT carriers.story, carriers.minutes_behind,
         row_number() OVER (PARTITION BY carriers.story ORDER BY carriers.seen_at, carriers.feed) AS place
  FROM v_story_carriers AS carriers
  WHERE carriers.story IN (SELECT id FROM stories WHERE feeds > 1
        AND first_seen_at >= coalesce(:since, date(coalesce(:now, 'now'), '-7 days')))
)
SELECT carried.story, stories.feeds, articles.title,
       round(max(minutes_behind) FILTER (WHERE place = 2)) AS second,
       round(max(minutes_behind) FILTER (WHERE place = 3)) AS third,
       round(max(minutes_behind) FILTER (WHERE place = 5)) AS fifth
FROM carried JOIN stories ON stories.id = carried.story JOIN articles ON articles.id = stories.first_article
GROUP BY carried.story
ORDER BY stories.feeds DESC, carried.story DESC
LIMIT 50;
