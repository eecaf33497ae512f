-- Which articles changed their title, from what to what?
SELECT revisions.article, articles.feed, revisions.seen_at AS said_from, revisions.title AS was,
       lead(revisions.title, 1, articles.title) OVER versions AS became,
       lead(revisions.seen_at, 1, articles.updated_at) OVER versions AS changed_at
FROM revisions JOIN articles ON articles.id = revisions.article
WINDOW versions AS (PARTITION BY revisions.article ORDER BY revisions.id)
ORDER BY changed_at DESC, revisions.id DESC
LIMIT 100;
