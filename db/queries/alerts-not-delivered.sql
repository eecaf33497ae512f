-- Which alerts have not reached everyone, and why?
SELECT alerts.id, alerts.created_at, alerts.state, coalesce(alerts.rule, 'digest ' || alerts.digest) AS what,
       articles.title, deliveries.channel, deliveries.recipient, deliveries.state AS delivery, deliveries.attempts,
       deliveries.next_attempt_at, deliveries.last_error
FROM alerts
LEFT JOIN articles ON articles.id = alerts.article
LEFT JOIN deliveries ON deliveries.alert = coalesce(alerts.digest_alert, alerts.id)
WHERE alerts.state <> 'sent' AND coalesce(deliveries.state, 'waiting') <> 'sent'
ORDER BY alerts.created_at, alerts.id;
