-- Page furniture that no rule knows, as learned from the pages of one host and container.

CREATE TABLE core_learned_chrome (
    host VARCHAR NOT NULL,
    container VARCHAR NOT NULL,
    edge VARCHAR NOT NULL CHECK (edge IN ('head', 'tail')),
    rule_id VARCHAR NOT NULL,
    line VARCHAR NOT NULL,
    seen INTEGER NOT NULL,
    looked_at INTEGER NOT NULL,
    learned_at TIMESTAMP NOT NULL,
    PRIMARY KEY (host, container, edge, rule_id)
);
