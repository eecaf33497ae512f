-- How long from an article's first sighting to its mail, by rule?
SELECT alerts.rule, count(*) AS mails,
       round(avg(unixepoch(deliveries.sent_at) - unixepoch(articles.first_seen_at))) AS mean_seconds,
       max(unixepoch(deliveries.sent_at) - unixepoch(articles.first_seen_at)) AS longest_seconds
FROM alerts
JOIN articles ON articles.id = alerts.article
JOIN deliveries ON deliveries.alert = alerts.id AND deliveries.state = 'sent'
GROUP BY alerts.rule
ORDER BY mean_seconds DESC;
