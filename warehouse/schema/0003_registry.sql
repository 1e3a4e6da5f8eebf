-- What is expected: the registry as last loaded, and the deadlines the law sets.

CREATE TABLE core_sources (
    source_id VARCHAR PRIMARY KEY,
    publisher VARCHAR NOT NULL,
    level VARCHAR NOT NULL CHECK (level IN ('ministry', 'province', 'city', 'county', 'township', 'department', 'zone')),
    division_code VARCHAR,
    parent_division_code VARCHAR,
    hosts VARCHAR[] NOT NULL,
    first_year SMALLINT,
    column_unknown VARCHAR,
    verified DATE,
    file VARCHAR,
    ignored MAP(VARCHAR, VARCHAR) NOT NULL
);

CREATE TABLE core_source_columns (
    source_id VARCHAR NOT NULL,
    url VARCHAR NOT NULL,
    "name" VARCHAR,
    platform VARCHAR NOT NULL,
    report_types VARCHAR[] NOT NULL
);

CREATE TABLE core_deadlines (
    report_type VARCHAR NOT NULL CHECK (report_type IN ('rule_of_law', 'disclosure')),
    level VARCHAR NOT NULL CHECK (level IN ('ministry', 'province', 'city', 'county', 'township', 'department', 'zone')),
    "month" TINYINT NOT NULL,
    "day" TINYINT NOT NULL,
    basis VARCHAR NOT NULL,
    PRIMARY KEY (report_type, level)
);

INSERT INTO core_deadlines
SELECT 'rule_of_law', unnest(['ministry', 'province', 'city', 'county', 'township', 'department', 'zone']), 3, 31,
    '《法治政府建设与责任落实督察工作规定》（厅字〔2019〕28号）第二十四条：每年4月1日之前公开上一年度报告';

INSERT INTO core_deadlines
SELECT 'disclosure', unnest(['ministry', 'department']), 1, 31,
    '《政府信息公开条例》（国务院令第711号）第四十九条：县级以上人民政府部门每年1月31日前公布上一年度报告';

INSERT INTO core_deadlines
SELECT 'disclosure', unnest(['province', 'city', 'county', 'township', 'zone']), 3, 31,
    '《政府信息公开条例》（国务院令第711号）第四十九条：政府信息公开工作主管部门每年3月31日前公布本级政府上一年度报告';
