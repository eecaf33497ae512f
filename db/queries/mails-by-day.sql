-- How many mails does each recipient get a day, of what kind, and how many stories do they tell of?
SELECT date(created_at) AS day, channel, recipient, kind, count(*) AS mails, sum(stories) AS stories
FROM messages
GROUP BY day, channel, recipient, kind
ORDER BY day DESC, channel, recipient, mails DESC;
