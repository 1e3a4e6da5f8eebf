"""Answers that send elsewhere: in circles, home, to other hosts, to private addresses; by header, meta tag, script."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlsplit

from deployments.portal.exchange import Answer, Asked
from deployments.portal.faults.fault import DETAILS, PAGES, Expected, Fault, Spoil
from scrapers.records import Outcome

ELSEWHERE = "http://www.moved-demo.gov.cn/index.html"
"""A host that is in no network and no source."""
_MARK = "moved=1"
_HTML = (("Content-Type", "text/html; charset=utf-8"),)


def _away(answer: Answer, target: str, status: int = 302, *cookies: str) -> Answer:
    headers = (("Location", target), *(("Set-Cookie", cookie) for cookie in cookies), *_HTML)
    return Answer(status, b"<html><body>302</body></html>", headers, answer.role)


def _to(target: str | Callable[[Asked], str], status: int = 302) -> Spoil:
    return lambda asked, answer: _away(answer, target if isinstance(target, str) else target(asked), status)


def _meta(answer: Answer, target: str) -> Answer:
    page = f'<html><head><meta http-equiv="refresh" content="0; url={target}"></head><body></body></html>'
    return Answer(200, page.encode(), _HTML, answer.role)


def _script(answer: Answer, target: str) -> Answer:
    page = f'<html><head><script>window.location.href = "{target}";</script></head><body></body></html>'
    return Answer(200, page.encode(), _HTML, answer.role)


def _marked(asked: Asked) -> str:
    return f"{asked.path}?{_MARK}"


def _unmarked(asked: Asked, _: Answer) -> bool:
    return _MARK not in urlsplit(asked.url).query


def _deeper(asked: Asked) -> str:
    """Always one step further, without end."""
    parts = urlsplit(asked.url)
    step = int(parts.query.removeprefix("step=") or 0) if parts.query.startswith("step=") else 0
    return f"{parts.path}?step={step + 1}"


def _gate(asked: Asked, answer: Answer) -> Answer:
    """302 to itself that sets a cookie and lets through who brings it (moj.gov.cn, openresty)."""
    cookies = asked.headers.get("cookie", "")
    if "CT6T=" in cookies and "CT6TS=" in cookies:
        return answer
    sent = _away(answer, asked.url, 302, "CT6T=0a1b2c; path=/", "CT6TS=3d4e5f; path=/")
    return replace(sent, headers=(*sent.headers, ("Server", "openresty")))


def _bare_refused(asked: Asked, answer: Answer) -> Answer:
    """403 until somebody says who asks and from which column (miit, jpaas)."""
    if asked.headers.get("referer") and asked.headers.get("user-agent"):
        return answer
    return Answer(403, b"<html><body>403</body></html>", _HTML, answer.role)


def _fault(
    name: str,
    what: str,
    spoil: Spoil,
    expected: Expected,
    *,
    touches: Callable[[Asked, Answer], bool] = lambda *_: True,
    on_list: bool = False,
) -> Fault:
    return Fault(
        name,
        what,
        spoil,
        PAGES if on_list else DETAILS,
        touches=touches,
        on_page=expected,
        on_list=expected if on_list else None,
    )


_OK = Expected()


def _ends(outcome: Outcome, detail: str) -> Expected:
    return Expected(outcome, detail)


REDIRECT_FAULTS = (
    _fault(
        "cookie_redirect",
        "302 to itself that sets the cookies CT6T and CT6TS, which must be brought back",
        _gate,
        _OK,
        on_list=True,
    ),
    _fault(
        "bare_request_refused",
        "documents' pages answer 403 until User-Agent and Referer are sent",
        _bare_refused,
        _OK,
    ),
    _fault(
        "redirect_loop",
        "302 to itself",
        _to(lambda asked: asked.url),
        _ends(Outcome.REDIRECT_LOOP, "back at"),
        on_list=True,
    ),
    _fault(
        "redirect_without_end",
        "302 to ever further addresses",
        _to(_deeper),
        _ends(Outcome.REDIRECT_LOOP, "more than 10 redirects"),
    ),
    _fault("redirect_inside", "301 to another address of the host", _to(_marked, 301), _OK, touches=_unmarked),
    _fault(
        "redirect_outside",
        "302 to another host",
        _to(ELSEWHERE),
        _ends(Outcome.WRONG_HOST, ELSEWHERE),
        on_list=True,
    ),
    _fault(
        "redirect_home",
        "documents' pages are a 302 to the home page",
        _to("/"),
        _ends(Outcome.SOFT_404, "redirect to"),
    ),
    _fault(
        "redirect_to_error_page",
        "documents' pages are a 302 to /404.html",
        _to("/404.html"),
        _ends(Outcome.SOFT_404, "/404.html"),
    ),
    _fault(
        "redirect_to_missing",
        "documents' pages are a 302 to an address of status 404",
        _to("/moved/away/1.html"),
        _ends(Outcome.GONE, "status 404"),
    ),
    _fault(
        "redirect_to_private",
        "302 to an address of a private network",
        _to("http://10.0.0.1/index.html"),
        _ends(Outcome.FORBIDDEN_ADDRESS, "10.0.0.1"),
    ),
    _fault(
        "redirect_to_metadata",
        "302 to the metadata service of cloud machines",
        _to("http://169.254.169.254/latest/meta-data/"),
        _ends(Outcome.FORBIDDEN_ADDRESS, "169.254.169.254"),
    ),
    _fault(
        "redirect_to_script",
        "302 to javascript:",
        _to("javascript:void(0)"),
        _ends(Outcome.WRONG_HOST, "javascript:"),
    ),
    _fault(
        "meta_refresh_inside",
        "an empty page whose meta refresh leads to another address of the host",
        lambda asked, answer: _meta(answer, _marked(asked)),
        _OK,
        touches=_unmarked,
    ),
    _fault(
        "meta_refresh_outside",
        "an empty page whose meta refresh leads to another host",
        lambda _, answer: _meta(answer, ELSEWHERE),
        _ends(Outcome.WRONG_HOST, ELSEWHERE),
        on_list=True,
    ),
    _fault(
        "script_redirect_inside",
        "an empty page whose script leads to another address of the host",
        lambda asked, answer: _script(answer, _marked(asked)),
        _OK,
        touches=_unmarked,
    ),
    _fault(
        "script_redirect_outside",
        "an empty page whose script leads to another host, as redirect shells of moved columns do",
        lambda _, answer: _script(answer, ELSEWHERE),
        _ends(Outcome.WRONG_HOST, ELSEWHERE),
        on_list=True,
    ),
    _fault(
        "script_redirect_home",
        "an empty page whose script leads to the home page",
        lambda _, answer: _script(answer, "/"),
        _ends(Outcome.SOFT_404, "redirect to"),
    ),
)
