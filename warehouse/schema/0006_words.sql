-- Words of the texts of accepted reports, for term frequencies and search. `dictionary` says what cut them: counts of
-- different dictionaries are not comparable, and a new dictionary is a reason to cut again.

CREATE TABLE core_words (
    document_id VARCHAR NOT NULL,
    "version" INTEGER NOT NULL,
    dictionary VARCHAR NOT NULL,
    total INTEGER NOT NULL,
    PRIMARY KEY (document_id, "version")
);

CREATE TABLE core_terms (
    document_id VARCHAR NOT NULL,
    "version" INTEGER NOT NULL,
    token VARCHAR NOT NULL,
    "count" INTEGER NOT NULL
);
