"""Ways in which sites fail, by name. Sources: the project's list of signatures seen on disclosure sites.

A fault is given the sound answer and gives the one that is sent in its place.
"""

from __future__ import annotations

import difflib
import json
import re
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
    """How often a request is answered so before its answer is sound; ``None``: always."""
    touches: Callable[[Answer], bool] = lambda _: True
    """Which answers of those roles it touches."""
    publishes: bool = False
    """Whether the site publishes a row as soon as such an answer has been given; it is done once."""


class UnknownFaultError(LookupError):
    """No fault has that name; the message says which have."""


@dataclass(frozen=True, slots=True)
class Injected:
    """A fault at work, on one host or all, one path or all."""

    fault: Fault
    host: str | None = None
    path: str | None = None
    _asked: Counter[tuple[str, bytes]] = field(default_factory=Counter)
    """By address and form: programs are asked for every page of a list at one address."""
    _grown: set[str] = field(default_factory=set)

    def apply(self, asked: Asked, answer: Answer) -> Answer:
        if not self._concerns(asked, answer):
            return answer
        request = asked.url, asked.body
        self._asked[request] += 1
        if self.fault.times is not None and self._asked[request] > self.fault.times:
            return answer
        return self.fault.spoil(answer)

    def lets_publish(self, asked: Asked, answer: Answer) -> bool:
        """Whether the site of ``asked`` publishes a row now that ``answer`` is on its way."""
        if not self.fault.publishes or asked.host in self._grown or not self._concerns(asked, answer):
            return False
        self._grown.add(asked.host)
        return True

    def _concerns(self, asked: Asked, answer: Answer) -> bool:
        is_meant = self.host in (None, asked.host) and self.path in (None, asked.path)
        return is_meant and answer.role in self.fault.roles and self.fault.touches(answer)


_HTML = (("Content-Type", "text/html; charset=utf-8"),)


def _sound(answer: Answer) -> Answer:
    return answer


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


_WAS5_RECORD = re.compile(rb"<REC>.*?</REC>\s*", re.DOTALL)
_DATA_STORE = re.compile(rb"dataStore = \[.*\]", re.DOTALL)


def _emptied(value: object) -> object:
    """JSON without its rows: every list empty, every piece of HTML gone, counts as they were."""
    if isinstance(value, dict):
        return {key: _emptied(inner) for key, inner in value.items()}
    if isinstance(value, str) and "<" in value:
        return ""
    return [] if isinstance(value, list) else value


def _empty_list(answer: Answer) -> Answer:
    kind = answer.header("Content-Type") or ""
    if "json" in kind:
        emptied = _emptied(json.loads(answer.body, strict=False))
        return replace(answer, body=json.dumps(emptied, ensure_ascii=False).encode())
    if "plain" in kind:
        return replace(answer, body=_DATA_STORE.sub(b"dataStore = []", answer.body))
    if "xml" in kind:
        is_search = b"<RECORDCOUNT>" in answer.body
        return replace(answer, body=_WAS5_RECORD.sub(b"", answer.body) if is_search else EMPTY_DATASTORE)
    return replace(answer, body=b"<!DOCTYPE html><html><head><title></title></head><body><ul></ul></body></html>")


def _is_second(answer: Answer) -> bool:
    return answer.page == 2


def _is_middle(answer: Answer) -> bool:
    return answer.pages is not None and answer.pages > 2 and answer.holds((answer.pages + 1) // 2)


def _is_first_of_several(answer: Answer) -> bool:
    return answer.page == 1 and answer.pages is not None and answer.pages > 1


def _stub_page(answer: Answer) -> Answer:
    if "html" not in (answer.header("Content-Type") or ""):
        return _empty_list(answer)
    stub = (
        b'<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" '
        b'"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">\n<html><head>\n'
        b'<meta http-equiv="Cache-Control" content="no-cache">\n<title></title>\n</head>\n<body>\n'
        b'<div class="list">\n<ul>\n</ul>\n</div>\n<div class="page">\n</div>\n</body>\n</html>\n'
    )
    return replace(answer, body=stub.ljust(330, b"\n"))


_ANSWERS = frozenset({Role.LIST})
_LISTS = _ANSWERS | {Role.COLUMN}
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
        Fault("empty_list", "list answers hold no row", _empty_list, _ANSWERS),
        Fault(
            "stub_page", "the second page of a list is a stub without rows", _stub_page, _ANSWERS, touches=_is_second
        ),
        Fault(
            "stub_in_the_middle",
            "the page in the middle of a list is a stub without rows",
            _stub_page,
            _ANSWERS,
            touches=_is_middle,
        ),
        Fault(
            "second_page_fails",
            "the second page of a list fails with status 500, always",
            _status_500,
            _ANSWERS,
            touches=_is_second,
        ),
        Fault(
            "second_page_fails_once",
            "the second page of a list fails once with status 500",
            _status_500,
            _ANSWERS,
            times=1,
            touches=_is_second,
        ),
        Fault(
            "row_published_meanwhile",
            "once the first page of a list has been read, a row is published",
            _sound,
            _LISTS,
            touches=_is_first_of_several,
            publishes=True,
        ),
    )
}


def fault(name: str) -> Fault:
    """The fault of that name. Raises :class:`UnknownFaultError`."""
    if name not in FAULTS:
        near = difflib.get_close_matches(name, FAULTS, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise UnknownFaultError(f"no fault is called {name!r}{hint or '.'} Known: {', '.join(sorted(FAULTS))}")
    return FAULTS[name]
