"""Lists that a TRS WAS5 search answers (sites.md 3b)."""

from __future__ import annotations

from dataclasses import dataclass, field

from scrapers import addresses
from scrapers.platforms import was5
from scrapers.platforms.protocol import PlatformError
from scrapers.records import Column, ListPage, Request

_PASSED_ON = ("channelid", "templet", "sortfield", "classsql", "searchword")


@dataclass(frozen=True, slots=True)
class TrsWas5:
    name: str = "trs_was5"
    required: frozenset[str] = frozenset({"channelid"})
    allowed: frozenset[str] = field(default=frozenset({*_PASSED_ON, "prepage", "method"}))
    open_ended: bool = False

    def first(self, column: Column) -> Request:
        if not column.parameters.get("channelid"):
            raise PlatformError(f"{column.url}: trs_was5 needs the parameter channelid")
        method = column.parameters.get("method", "GET").upper()
        if method not in ("GET", "POST"):
            raise PlatformError(f"{column.url}: method {method!r} is neither GET nor POST")
        fields = {key: column.parameters[key] for key in _PASSED_ON if key in column.parameters}
        if column.query is not None:
            fields["searchword"] = column.query
        fields.setdefault("templet", "docs.jsp")
        fields.setdefault("sortfield", "-docreltime")
        return was5.search(column, {**fields, "prepage": column.parameters.get("prepage", "10")}, 1, method)

    def parse(self, column: Column, request: Request, body: str, hosts: tuple[str, ...]) -> ListPage:
        return was5.read_answer(column, request, body, hosts or (addresses.host_of(column.url),))
