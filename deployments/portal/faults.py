"""Ways in which sites fail, by name. Sources: the project's list of signatures seen on disclosure sites.

A fault is given the sound answer and gives the one that is sent in its place.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from deployments.portal.exchange import Answer, Asked, Delivery, Role

SLOW_SECONDS = 5.0
DRIP_PIECE, DRIP_PAUSE = 64, 0.25

Spoil = Callable[[Answer], Answer]


@dataclass(frozen=True, slots=True)
class Fault:
    """A named way to fail. ``roles`` says which answers it touches."""

    name: str
    what: str
    """In a reader's words, for ``--help``."""
    spoil: Spoil
    roles: frozenset[Role]
    times: int | None = None
    """How often an address fails before it is sound; ``None``: always."""


class UnknownFaultError(LookupError):
    """No fault has that name; the message says which have."""


@dataclass(frozen=True, slots=True)
class Injected:
    """A fault at work, on one host or all, one path or all."""

    fault: Fault
    host: str | None = None
    path: str | None = None
    _asked: Counter[str] = field(default_factory=Counter)

    def apply(self, asked: Asked, answer: Answer) -> Answer:
        if self.host not in (None, asked.host) or self.path not in (None, asked.path):
            return answer
        if answer.role not in self.fault.roles:
            return answer
        self._asked[asked.url] += 1
        if self.fault.times is not None and self._asked[asked.url] > self.fault.times:
            return answer
        return self.fault.spoil(answer)


_HTML = (("Content-Type", "text/html; charset=utf-8"),)


def _slow(answer: Answer) -> Answer:
    return answer.delayed(SLOW_SECONDS)


def _drip(answer: Answer) -> Answer:
    return replace(answer, delivery=Delivery(piece=DRIP_PIECE, pause=DRIP_PAUSE))


def _truncated(answer: Answer) -> Answer:
    return replace(answer, delivery=Delivery(cut_at=len(answer.body) // 2))


def _challenge_521(answer: Answer) -> Answer:
    body = (
        "<script>document.cookie=('_')+('_')+('j')+('s')+('l')+('_clearance')+('=')+('1')+';path=/';"
        "location.href=location.pathname+location.search</script>"
    )
    headers = (
        ("Content-Type", "text/html"),
        ("Server", "jiasule-WAF"),
        ("X-Via-JSL", "portal"),
        ("Set-Cookie", "__jsluid_h=0123456789abcdef; path=/; HttpOnly"),
    )
    return Answer(521, body.encode(), headers, answer.role)


def _soft_404(answer: Answer) -> Answer:
    body = (
        '<!DOCTYPE html><html><head><meta charset="utf-8"><title>页面不存在</title></head><body>'
        '<div class="error"><h2>404</h2><p>抱歉，您访问的页面不存在或已删除。</p>'
        '<p><a href="/">返回首页</a></p></div></body></html>'
    )
    return Answer(200, body.encode(), _HTML, answer.role)


def _status_500(answer: Answer) -> Answer:
    return Answer(500, b"<html><body><h1>500 Internal Server Error</h1></body></html>", _HTML, answer.role)


EMPTY_DATASTORE = b"<datastore>\n<recordset>\n</recordset>\n</datastore>".ljust(54, b"\n")
"""What a dataproxy without rows sends: 54 bytes (see the handbook's list of empty answers)."""


def _empty_list(answer: Answer) -> Answer:
    kind = answer.header("Content-Type") or ""
    if "xml" in kind:
        return replace(answer, body=EMPTY_DATASTORE)
    if "json" in kind:
        return replace(answer, body=b'{"success": true, "code": "200", "data": {"html": ""}}')
    return replace(answer, body=b"<!DOCTYPE html><html><head><title></title></head><body><ul></ul></body></html>")


def _stub_page(answer: Answer) -> Answer:
    if answer.page != 2:
        return answer
    if "html" not in (answer.header("Content-Type") or ""):
        return _empty_list(answer)
    stub = (
        b'<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" '
        b'"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">\n<html><head>\n'
        b'<meta http-equiv="Cache-Control" content="no-cache">\n<title></title>\n</head>\n<body>\n'
        b'<div class="list">\n<ul>\n</ul>\n</div>\n<div class="page">\n</div>\n</body>\n</html>\n'
    )
    return replace(answer, body=stub.ljust(330, b"\n"))


_LISTS = frozenset({Role.COLUMN, Role.LIST})
_PAGES = _LISTS | {Role.HOME, Role.DETAIL, Role.STORED}

FAULTS: Mapping[str, Fault] = {
    one.name: one
    for one in (
        Fault("slow", f"every page comes {SLOW_SECONDS:g} s late", _slow, _PAGES),
        Fault("drip", f"every page comes in drops of {DRIP_PIECE} bytes, {1 / DRIP_PAUSE:g} a second", _drip, _PAGES),
        Fault(
            "truncated",
            "detail pages end in the middle, short of their Content-Length",
            _truncated,
            frozenset({Role.DETAIL, Role.STORED}),
        ),
        Fault("challenge_521", "a script challenge of status 521 in place of every page", _challenge_521, _PAGES),
        Fault(
            "soft_404", "detail pages say with status 200 that they do not exist", _soft_404, frozenset({Role.DETAIL})
        ),
        Fault("status_500_then_ok", "every address fails once with status 500", _status_500, _PAGES, times=1),
        Fault("empty_list", "list answers hold no row", _empty_list, frozenset({Role.LIST})),
        Fault("stub_page", "the second page of a list is a stub without rows", _stub_page, frozenset({Role.LIST})),
    )
}


def fault(name: str) -> Fault:
    """The fault of that name. Raises :class:`UnknownFaultError`."""
    if name not in FAULTS:
        near = difflib.get_close_matches(name, FAULTS, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise UnknownFaultError(f"no fault is called {name!r}{hint} Known: {', '.join(sorted(FAULTS))}")
    return FAULTS[name]
