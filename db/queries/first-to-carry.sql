-- Which feeds are first with articles that other feeds carry too, and by how much?
SELECT articles.feed, count(DISTINCT articles.id) AS articles_first,
       round(avg(unixepoch(later.seen_at) - unixepoch(articles.first_seen_at)) / 60) AS minutes_ahead
FROM articles JOIN sightings AS later ON later.article = articles.id AND later.feed <> articles.feed
GROUP BY articles.feed
ORDER BY articles_first DESC;
