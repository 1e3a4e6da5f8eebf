"""The search forms of a page: what a browser would send for a query."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from scrapers import addresses
from scrapers.platforms import markup
from scrapers.records import Request

_SEARCHES = re.compile(r"search|sousuo|搜索|检索|/so/|keyword|query", re.IGNORECASE)


def search_forms(text: str, url: str, query: str) -> tuple[Request, ...]:
    """What the search forms of a page would send for ``query``: their own fields, the text field filled in."""
    found: list[Request] = []
    for form in markup.parse(text).find_all("form"):
        fields = {
            markup.attribute(each, "name"): each
            for each in form.find_all("input")
            if markup.attribute(each, "name") and markup.attribute(each, "type").lower() not in ("submit", "button")
        }
        free = [
            name for name, each in fields.items() if markup.attribute(each, "type").lower() in ("", "text", "search")
        ]
        address = addresses.canonical(markup.attribute(form, "action"), url)
        if len(free) != 1 or address is None or not _SEARCHES.search(f"{form}"):
            continue
        sent = tuple(
            (name, query if name in free else markup.attribute(each, "value")) for name, each in fields.items()
        )
        headers = {"Referer": url}
        if markup.attribute(form, "method").lower() == "post":
            found.append(Request(address, "POST", sent, headers))
        else:
            mark = "&" if "?" in address else "?"
            found.append(Request(f"{address}{mark}{urlencode(sent)}", headers=headers))
    return tuple(found)
