"""Parameters of listing programs, read from where pages state them: their address, their scripts and elements."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlencode, urlsplit

from scrapers.platforms import Platform, markup
from scrapers.platforms.json_list import program_in

_ALSO = {
    "lonsun": ("organId", "catId"),
    "hanweb_xxgk": ("divid",),
    "trs_was5": ("templet", "sortfield"),
    "trs_igs": ("type", "orderProperty"),
}
"""Parameters that a program may not need of every address, but asks for where the address lacks them."""
_SEARCHES = frozenset({"trs_was5", "trs_igs"})
"""Programs that serve a site's search box, too: what a form or a link sends them says nothing of the column."""
_POSTED = re.compile(
    r"""\$\.post\s*\(\s*["'][^"']*/was5/web/search|/was5/web/search["'][^}]{0,200}?\b(?:type|method)\s*:\s*["']post""",
    re.IGNORECASE,
)
"""A script that sends the search as a form: some of these programs take no other."""
_FILTER = re.compile(r"""filter\[(\w+)\]["']?\s*[=:]\s*["']?([\w-]+)""")


def parameters_of(protocol: Platform, url: str, text: str) -> dict[str, str]:
    """The parameters a column of ``protocol`` at ``url`` needs, as far as its page and scripts, ``text``, state them.

    What is missing is left out: ``protocol.first`` then says what it needs.
    """
    if protocol.name == "json_list":
        return program_in(markup.scripts(markup.parse(text))) or {}
    if protocol.name in _SEARCHES:
        text = markup.scripts(markup.parse(text))
    in_address = dict(parse_qsl(urlsplit(url).query))
    found: dict[str, str] = {}
    for key in (*sorted(protocol.required), *_ALSO.get(protocol.name, ())):
        value = in_address.get(key) or _stated(text, key)
        if value:
            found[key] = value
    if protocol.name == "trs_was5" and _POSTED.search(text):
        found["method"] = "POST"
    filters = _FILTER.findall(text) if protocol.name == "trs_igs" else ()
    if filters:
        found["filters"] = urlencode({f"filter[{name}]": value for name, value in filters}, safe="[]")
    return found


def _stated(text: str, key: str) -> str | None:
    """``key=value`` in an address or an element, ``key: 'value'`` in a script, or a form's field of that name."""
    match = re.search(rf"""\b{key}["']?\s*[:=]\s*["']?([\w.-]+)""", text, re.IGNORECASE) or re.search(
        rf"""name\s*=\s*["']?{key}["']?[^>]*\bvalue\s*=\s*["']?([\w.-]+)""", text, re.IGNORECASE
    )
    return match[1] if match else None
