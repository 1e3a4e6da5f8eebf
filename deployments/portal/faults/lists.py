"""Lists that fall short: without rows, with a page that fails, or growing while they are read."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from deployments.portal.exchange import Answer, Asked
from deployments.portal.faults.fault import COLUMNS, LISTS, Expected, Fault
from scrapers.records import Outcome

EMPTY_DATASTORE = b"<datastore>\n<recordset>\n</recordset>\n</datastore>".ljust(54, b"\n")
"""What a dataproxy without rows sends: 54 bytes (see the handbook's list of empty answers)."""

_WAS5_RECORD = re.compile(rb"<REC>.*?</REC>\s*", re.DOTALL)
_DATA_STORE = re.compile(rb"dataStore = \[.*\]", re.DOTALL)
_HTML = (("Content-Type", "text/html; charset=utf-8"),)


def _sound(_: Asked, answer: Answer) -> Answer:
    return answer


def _status_500(_: Asked, answer: Answer) -> Answer:
    return Answer(500, b"<html><body><h1>500 Internal Server Error</h1></body></html>", _HTML, answer.role)


def _emptied(value: object) -> object:
    """JSON without its rows: every list empty, every piece of HTML gone, counts as they were."""
    if isinstance(value, dict):
        return {key: _emptied(inner) for key, inner in value.items()}
    if isinstance(value, str) and "<" in value:
        return ""
    return [] if isinstance(value, list) else value


def _empty_list(_: Asked, answer: Answer) -> Answer:
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


def _stub_page(asked: Asked, answer: Answer) -> Answer:
    if "html" not in (answer.header("Content-Type") or ""):
        return _empty_list(asked, answer)
    stub = (
        b'<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" '
        b'"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">\n<html><head>\n'
        b'<meta http-equiv="Cache-Control" content="no-cache">\n<title></title>\n</head>\n<body>\n'
        b'<div class="list">\n<ul>\n</ul>\n</div>\n<div class="page">\n</div>\n</body>\n</html>\n'
    )
    return replace(answer, body=stub.ljust(330, b"\n"))


def _is_second(_: Asked, answer: Answer) -> bool:
    return answer.page == 2


def _is_middle(_: Asked, answer: Answer) -> bool:
    return answer.pages is not None and answer.pages > 2 and answer.holds((answer.pages + 1) // 2)


def _is_first_of_several(_: Asked, answer: Answer) -> bool:
    return answer.page == 1 and answer.pages is not None and answer.pages > 1


def _script_list(_: Asked, answer: Answer) -> Answer:
    """What 天津 sections and Hanweb's datacall columns are: a frame that a script fills."""
    page = (
        '<!DOCTYPE html><html><head><meta charset="utf-8"><title>列表</title></head><body><ul>'
        '<li v-for="row in rows"><a :href="row.url">{{row.title}}</a></li></ul>'
        '<script src="/static/js/datacall.js"></script></body></html>'
    )
    return replace(answer, body=page.encode(), headers=_HTML)


_SOUND = Expected()

LIST_FAULTS = (
    Fault(
        "empty_list",
        "list answers hold no row: 54 bytes of dataproxy, JSON without records",
        _empty_list,
        LISTS,
        on_list=_SOUND,
        listing=Outcome.EMPTY_LIST,
    ),
    Fault(
        "script_list",
        "lists are an empty frame that a script fills",
        _script_list,
        LISTS,
        on_list=_SOUND,
        listing=Outcome.JS_ONLY,
    ),
    Fault(
        "stub_page",
        "the second page of a list is a stub of 330 bytes without rows",
        _stub_page,
        LISTS,
        touches=_is_second,
        on_list=_SOUND,
        listing=Outcome.LISTING_GAP,
    ),
    Fault(
        "stub_in_the_middle",
        "the page in the middle of a list is a stub without rows",
        _stub_page,
        LISTS,
        touches=_is_middle,
        on_list=_SOUND,
        listing=Outcome.LISTING_GAP,
    ),
    Fault(
        "second_page_fails",
        "the second page of a list fails with status 500, always",
        _status_500,
        LISTS,
        touches=_is_second,
        on_list=_SOUND,
        listing=Outcome.SERVER_ERROR,
    ),
    Fault(
        "second_page_fails_once",
        "the second page of a list fails once with status 500",
        _status_500,
        LISTS,
        times=1,
        touches=_is_second,
        on_list=_SOUND,
        listing=Outcome.OK,
    ),
    Fault(
        "row_published_meanwhile",
        "once the first page of a list has been read, a row is published",
        _sound,
        COLUMNS,
        touches=_is_first_of_several,
        publishes=True,
        on_list=_SOUND,
        listing=Outcome.OK,
    ),
)
