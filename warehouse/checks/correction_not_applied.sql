-- severity: warn
-- title: corrections that are not applied, because their page no longer says what they expect: the source is mended, or changed
-- A warning: nothing wrong is published, what is read today counts. Somebody has to take the correction out, or renew it.
SELECT file, line, field, standing, value_read, expect, "value", url FROM corrections
WHERE standing IN ('source_mended', 'source_changed');
