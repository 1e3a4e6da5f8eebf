-- Host of an address in lower case, without its port.
CREATE MACRO host_of(url) AS lower(regexp_extract(url, '^[a-z]+://(?:[^/?#@]*@)?([^/?#:]+)', 1));

-- Three checks in a row that say "gone": a site being rebuilt answers 404 for a day or two.
CREATE MACRO is_withdrawn(gone_checks) AS coalesce(gone_checks, 0) >= 3;
