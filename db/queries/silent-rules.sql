-- Which rules have found nothing for a while, and how much did they find before?
-- :days  how long is a while (default: 7)   :now  counted from another day (default: today)
SELECT rule, last_at, articles AS articles_ever, stories AS stories_ever, first_at
FROM v_rule_hits
WHERE last_at < date(coalesce(:now, 'now'), '-' || coalesce(:days, 7) || ' days')
ORDER BY last_at;
