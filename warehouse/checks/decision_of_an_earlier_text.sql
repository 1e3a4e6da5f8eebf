-- severity: warn
-- title: pages of the quarantine that were decided on and have changed their text since
-- A warning: the page is judged by itself again, so nothing that nobody looked at is published.
SELECT document_id, url, verdict, decided_by, decided_at, reason FROM decisions
WHERE standing = 'text_changed' AND verdict <> 'reopened';
