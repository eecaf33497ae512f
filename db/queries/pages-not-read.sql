-- Which hosts' pages could not be read for their full text, and why?
SELECT host, error, count(*) AS articles, max(fetched_at) AS last_tried_at
FROM pages
WHERE state <> 'read' AND error IS NOT NULL
GROUP BY host, error
ORDER BY articles DESC, host;
