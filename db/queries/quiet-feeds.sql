-- Which feeds are polled without a failure, but have brought nothing for a week?
-- :days  how long is quiet (default: 7)   :now  counted from another day (default: today)
SELECT key, title, coalesce(changed_at, 'never') AS changed_at, polled_at, url
FROM feeds
WHERE state = 'ok'
  AND coalesce(changed_at, '') < date(coalesce(:now, 'now'), '-' || coalesce(:days, 7) || ' days')
ORDER BY coalesce(changed_at, ''), key;
