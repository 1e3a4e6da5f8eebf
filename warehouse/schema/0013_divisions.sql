-- Administrative divisions (GB/T 2260), one row a name of a code with the calendar years in which it bore it: as last loaded
-- from the registry's table.

CREATE TABLE core_divisions (
    code VARCHAR NOT NULL,
    "name" VARCHAR NOT NULL,
    short_name VARCHAR NOT NULL,
    level VARCHAR NOT NULL CHECK (level IN ('province', 'city', 'county')),
    parent_code VARCHAR,
    valid_from SMALLINT,
    valid_to SMALLINT
);
