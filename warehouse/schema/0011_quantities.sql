-- Quantities in the running text of accepted reports. `extractor` says which rules found them: a row here with another one
-- is a reason to look again, as is a text without a row.

CREATE TABLE core_quantity_extractions (
    document_id VARCHAR NOT NULL,
    "version" INTEGER NOT NULL,
    extractor VARCHAR NOT NULL,
    "found" INTEGER NOT NULL
);

CREATE TABLE core_quantities (
    document_id VARCHAR NOT NULL,
    "version" INTEGER NOT NULL,
    "position" INTEGER NOT NULL,
    number DOUBLE NOT NULL,
    unit VARCHAR NOT NULL,
    kind VARCHAR NOT NULL
        CHECK (kind IN ('count', 'rate', 'amount', 'change', 'duration', 'measure', 'score', 'ratio')),
    printed VARCHAR NOT NULL,
    counted VARCHAR,
    approximate VARCHAR,
    clause VARCHAR NOT NULL,
    "block" INTEGER NOT NULL,
    start INTEGER NOT NULL
);
