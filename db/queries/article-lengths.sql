-- How long are each feed's articles, in characters, and how many bring no text?
-- :since  how far back, such as 90d, or a day (default: 30d)
SELECT feed, count(*) AS articles, round(avg(length(text))) AS mean_characters, max(length(text)) AS longest,
       count(*) FILTER (WHERE text = '') AS without_text,
       count(*) FILTER (WHERE text_source = 'page') AS from_their_page
FROM articles
WHERE first_seen_at >= coalesce(:since, date(coalesce(:now, 'now'), '-30 days'))
GROUP BY feed
ORDER BY mean_characters, feed;
