-- What waits to be told, what for, and until when?
SELECT deliveries.why, alerts.rule, alerts.digest, deliveries.channel, deliveries.recipient, count(*) AS alerts,
       min(deliveries.created_at) AS oldest, min(coalesce(deliveries.due_at, digests.next_at)) AS next_at
FROM deliveries
JOIN alerts ON alerts.id = deliveries.alert
LEFT JOIN digests ON digests.digest = alerts.digest AND deliveries.due_at IS NULL
WHERE deliveries.state = 'waiting'
GROUP BY deliveries.why, alerts.rule, alerts.digest, deliveries.channel, deliveries.recipient
ORDER BY alerts DESC;
