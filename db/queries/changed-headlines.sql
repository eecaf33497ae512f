-- Which headlines that a rule had found were changed afterwards, from what to what?
-- :rule   one rule's only (default: all)
-- :since  how far back, such as 90d, or a day (default: 30d)
SELECT versions.seen_until AS changed_at, articles.feed, versions.title AS was,
       (SELECT title FROM v_versions AS next
        WHERE next.article = versions.article AND next.number = versions.number + 1) AS became, articles.link
FROM v_versions AS versions JOIN articles ON articles.id = versions.article
WHERE versions.seen_until >= coalesce(:since, date(coalesce(:now, 'now'), '-30 days'))
  AND versions.article IN (SELECT article FROM matches WHERE :rule IS NULL OR rule = :rule)
  AND was <> became
ORDER BY changed_at DESC
LIMIT 100;
