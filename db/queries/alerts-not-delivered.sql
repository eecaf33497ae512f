-- Which alerts have not reached everyone, and why?
SELECT alerts.id, alerts.created_at, alerts.state, coalesce(alerts.rule, alerts.subject) AS what, articles.title,
       deliveries.channel, deliveries.recipient, deliveries.state AS delivery, deliveries.why, deliveries.due_at,
       deliveries.attempts, deliveries.next_attempt_at, coalesce(deliveries.last_error, channels.last_error) AS error
FROM alerts
LEFT JOIN articles ON articles.id = alerts.article
LEFT JOIN deliveries ON deliveries.alert = alerts.id
LEFT JOIN channels ON channels.channel = deliveries.channel
WHERE alerts.state NOT IN ('sent', 'joined') AND coalesce(deliveries.state, 'waiting') <> 'sent'
ORDER BY alerts.created_at, alerts.id;
