-- severity: error
-- title: versions whose text has another length than was loaded
-- scope: loaded
-- By the time of loading, which row groups are told apart by: a join would read every text before it is asked which.
SELECT document_id, "version", text_length, length("text") AS length_held FROM core_versions
WHERE loaded_at >= getvariable('checked_since') AND length("text") <> text_length;
