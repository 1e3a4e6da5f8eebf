"""The source whose column tests of collecting list, on sites that they make of dictionaries."""

from __future__ import annotations

from scrapers.records import Column, Level, ReportType, Source

HOST = "www.qinghe.gov.cn"
COLUMN = f"http://{HOST}/fzzfjs/"
SOURCE = Source(
    id="hebei/qinghe",
    publisher="清河县人民政府",
    level=Level.COUNTY,
    hosts=(HOST,),
    columns=(Column(COLUMN, "trs", (ReportType.RULE_OF_LAW,), "法治政府建设"),),
    division_code="130534",
)
