-- Reports whose only address shows another report now: how often it was found to do so.
CREATE TABLE core_passed_addresses (
    document_id VARCHAR NOT NULL,
    url VARCHAR NOT NULL,
    passed_at TIMESTAMP NOT NULL,
    checks INTEGER NOT NULL
);
