-- Which stories did a rule find, newest first, and how many feeds carried each?
-- :rule   one rule's only (default: all)
-- :since  how far back, such as 90d, or a day (default: 7d)
SELECT min(matches.matched_at) AS matched_at, matches.rule, stories.feeds, stories.articles, first.language,
       first.title, first.link, stories.id AS story
FROM matches
JOIN articles ON articles.id = matches.article
JOIN stories ON stories.id = articles.story
JOIN articles AS first ON first.id = stories.first_article
WHERE matches.matched_at >= coalesce(:since, date(coalesce(:now, 'now'), '-7 days'))
  AND (:rule IS NULL OR matches.rule = :rule)
GROUP BY matches.rule, stories.id
ORDER BY matched_at DESC, stories.id DESC
LIMIT 200;
