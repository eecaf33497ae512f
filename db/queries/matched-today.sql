-- What matched today, newest first?
-- :now  another day, such as 2026-11-22 (default: today)
SELECT matches.matched_at, matches.rule, articles.feed, articles.language, articles.title, articles.link,
       matches.excerpt
FROM matches JOIN articles ON articles.id = matches.article
WHERE matches.matched_at >= date(coalesce(:now, 'now'))
  AND matches.matched_at < date(coalesce(:now, 'now'), '+1 day')
ORDER BY matches.matched_at DESC, articles.id DESC;
