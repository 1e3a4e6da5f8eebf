-- Which trusted report a quarantined page is a near copy of. Pages that came or changed now, and copies of a report that
-- did, are compared with all that is trusted; other quarantined pages only with the reports that came now, so the true page
-- is found also where it arrives after its copy.
CREATE TEMP TABLE suspects AS
SELECT s.document_id, s.algorithm, s.minima, s.bands, c.copy_of, c.similarity,
    n.document_id IS NOT NULL OR o.document_id IS NOT NULL AS anew
FROM core_signatures s
JOIN core_reports r ON r.document_id = s.document_id AND r."version" = s."version"
LEFT JOIN core_copies c ON c.document_id = s.document_id
LEFT JOIN newest_reports n ON n.document_id = s.document_id
LEFT JOIN newest_reports o ON o.document_id = c.copy_of
WHERE r.state = 'quarantined';

CREATE TEMP TABLE suspects_anew AS SELECT * FROM suspects WHERE anew;
CREATE TEMP TABLE suspects_as_before AS SELECT * FROM suspects WHERE NOT anew;
CREATE TEMP TABLE signatures_anew AS SELECT s.* FROM signatures s SEMI JOIN newest_reports USING (document_id);

-- Of equally similar reports the one published first is the original.
CREATE TEMP TABLE found_copies AS
WITH found AS (
    SELECT * FROM near_copies('suspects_anew', 'signatures')
    UNION ALL SELECT * FROM near_copies('suspects_as_before', 'signatures_anew')
    UNION ALL SELECT document_id, copy_of, similarity FROM suspects_as_before WHERE copy_of IS NOT NULL
)
SELECT f.* FROM found f JOIN core_reports r ON r.document_id = f.copy_of
QUALIFY row_number() OVER (
    PARTITION BY f.document_id ORDER BY f.similarity DESC, r.published NULLS LAST, r.first_seen_at, f.copy_of) = 1;

DELETE FROM core_copies c
WHERE NOT EXISTS (SELECT 1 FROM found_copies f WHERE f.document_id = c.document_id);

INSERT INTO core_copies
SELECT * FROM found_copies EXCEPT SELECT * FROM core_copies
ON CONFLICT (document_id) DO UPDATE SET copy_of = excluded.copy_of, similarity = excluded.similarity;
