-- Near copies: a signature of each trusted or quarantined text, and which trusted report a quarantined page copies. What a
-- page copies follows from the two texts, so it stands here alone and no longer beside what the page itself says.

CREATE TABLE core_signatures (
    document_id VARCHAR NOT NULL,
    "version" INTEGER NOT NULL,
    algorithm VARCHAR NOT NULL,
    minima UINTEGER[] NOT NULL,
    bands BIGINT[] NOT NULL
);

CREATE TABLE core_copies (
    document_id VARCHAR PRIMARY KEY,
    copy_of VARCHAR NOT NULL,
    similarity DOUBLE NOT NULL
);

ALTER TABLE core_reports DROP COLUMN mirror_of;
