-- Who writes most about what a rule looks for?
-- :rule   one rule's articles only (default: all)
-- :since  how far back, such as 90d, or a day (default: 90d)
SELECT author.value AS author, articles.feed, count(DISTINCT articles.id) AS articles,
       max(articles.first_seen_at) AS latest
FROM matches JOIN articles ON articles.id = matches.article, json_each(articles.authors) AS author
WHERE matches.matched_at >= coalesce(:since, date(coalesce(:now, 'now'), '-90 days'))
  AND (:rule IS NULL OR matches.rule = :rule)
GROUP BY author.value, articles.feed
ORDER BY articles DESC, author
LIMIT 100;
