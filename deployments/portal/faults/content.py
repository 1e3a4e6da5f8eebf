"""Bodies that are not what their head says: compressed in silence, torn inside, of another type or in other letters."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Callable
from dataclasses import replace
from functools import cache

from deployments.portal.exchange import Answer, Asked
from deployments.portal.faults.fault import DETAILS, PAGES, Expected, Fault, Spoil
from scrapers.records import Outcome

_CHARSET = re.compile(rb"(charset\s*=\s*[\"']?)[\w-]+", re.IGNORECASE)
_META_CHARSET = re.compile(r"<meta\b[^>]*charset[^>]*>", re.IGNORECASE)
_BOMB_BYTES = 64 * 1024 * 1024


def _coded(answer: Answer, body: bytes, coding: str | None = None, content_type: str | None = None) -> Answer:
    """The answer with another body, under headers that say so or do not."""
    changed = {"content-encoding", "content-type"} if content_type else {"content-encoding"}
    kept = [pair for pair in answer.headers if pair[0].lower() not in changed]
    kept += [("Content-Type", content_type)] if content_type else []
    kept += [("Content-Encoding", coding)] if coding else []
    return replace(answer, body=body, headers=tuple(kept))


def _text(answer: Answer) -> str:
    declared = re.search(r"charset=([\w-]+)", answer.header("Content-Type") or "") or _CHARSET_TEXT.search(
        answer.body.decode("latin-1")
    )
    charset = declared[1].lower() if declared else "utf-8"
    return answer.body.decode("gb18030" if charset.startswith("gb") else charset)


_CHARSET_TEXT = re.compile(r"charset\s*=\s*[\"']?([\w-]+)", re.IGNORECASE)


def _written(charset: str, *, meta: str | None, header: str | None, mark: bytes = b"") -> Spoil:
    """The page in the letters of ``charset``, while its meta tag and header say what they say; ``None``: nothing."""

    def spoil(_: Asked, answer: Answer) -> Answer:
        body = _text(answer).encode(charset)
        body = _CHARSET.sub(rb"\g<1>" + (meta or "").encode(), body) if meta else _CHARSET.sub(b"name=", body)
        return _coded(answer, mark + body, None, f"text/html; charset={header}" if header else "text/html")

    return spoil


def _rare_letters(_: Asked, answer: Answer) -> Answer:
    """Letters of GB18030 that GB2312 does not have, as in 镕 or 喆, on a page that declares gb2312."""
    text = _CHARSET_TEXT.sub(lambda m: m[0].replace(m[1], "gb2312"), _text(answer))
    body = text.replace("</p>", "（经办人：陶喆、朱镕㙍）</p>", 1).encode("gb18030")
    return _coded(answer, body, None, "text/html; charset=gb2312")


def _odd_meta(_: Asked, answer: Answer) -> Answer:
    """The charset in a tag without quotes, in capitals, its attributes turned round."""
    tag = "<META CONTENT=text/html;CHARSET=GBK HTTP-EQUIV=CONTENT-TYPE>"
    text = _META_CHARSET.sub(tag, _text(answer), count=1)
    return _coded(answer, text.encode("gb18030"), None, "text/html")


def _html_end_in_the_middle(_: Asked, answer: Answer) -> Answer:
    middle = answer.body.find(b"<p", len(answer.body) // 2)
    return replace(answer, body=answer.body[:middle] + b"</body></html>" + answer.body[middle:])


def _shell(_: Asked, answer: Answer) -> Answer:
    """A page that scripts would fill, without a word of its own."""
    page = (
        '<!DOCTYPE html><html><head><meta charset="utf-8"><title>政府信息公开</title>'
        '<link rel="stylesheet" href="/static/app.css"></head><body><noscript>请启用 JavaScript</noscript>'
        '<div id="app"></div><script src="/static/js/chunk-vendors.js"></script></body></html>'
    )
    return _coded(answer, page.encode(), None, "text/html; charset=utf-8")


def _hollow(_: Asked, answer: Answer) -> Answer:
    page = b"<!DOCTYPE html><html><head><title></title></head><body>\n<div class='content'></div>\n</body></html>"
    return _coded(answer, page, None, "text/html; charset=utf-8")


@cache
def _bomb() -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    blank = b" " * (1 << 20)
    return b"".join(packer.compress(blank) for _ in range(_BOMB_BYTES >> 20)) + packer.flush()


def _changed(make: Callable[[bytes], bytes], coding: str | None = None, content_type: str | None = None) -> Spoil:
    return lambda _, answer: _coded(answer, make(answer.body), coding, content_type)


def _damaged(packed: bytes) -> bytes:
    """With the checksum at its end made wrong: any other byte might do no harm."""
    return packed[:-8] + bytes(byte ^ 0xFF for byte in packed[-8:-4]) + packed[-4:]


_PDF = b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"
_PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00\x90wS\xde"
_OK = Expected()
_A_FILE = Expected(Outcome.WRONG_CONTENT, "the body is a file")


def _fault(name: str, what: str, spoil: Spoil, expected: Expected = _OK, *, on_list: bool = False) -> Fault:
    return Fault(
        name,
        what,
        spoil,
        PAGES if on_list else DETAILS,
        on_page=expected,
        on_list=expected if on_list else None,
    )


CONTENT_FAULTS = (
    _fault(
        "forced_gzip",
        "a gzip body under a head that does not say so, asked for or not",
        _changed(gzip.compress),
        on_list=True,
    ),
    _fault("gzip_in_name_only", "Content-Encoding: gzip before a plain body", _changed(bytes, "gzip"), on_list=True),
    _fault(
        "gzip_twice",
        "a body compressed twice under one Content-Encoding",
        _changed(lambda body: gzip.compress(gzip.compress(body)), "gzip"),
    ),
    _fault(
        "deflate_bare",
        "Content-Encoding: deflate without zlib's frame",
        _changed(lambda body: zlib.compress(body)[2:-4], "deflate"),
    ),
    _fault(
        "gzip_torn",
        "a gzip body that ends early though its Content-Length is met",
        _changed(lambda body: gzip.compress(body)[:-40], "gzip"),
        Expected(Outcome.TRUNCATED, "ends early", 3),
    ),
    _fault(
        "gzip_damaged",
        "a gzip body with a damaged byte",
        _changed(lambda body: _damaged(gzip.compress(body)), "gzip"),
        Expected(Outcome.TRUNCATED, "damaged", 3),
    ),
    _fault(
        "gzip_bomb",
        f"a body of some sixty kilobytes that unpacks to {_BOMB_BYTES >> 20} MiB",
        _changed(lambda _: _bomb(), "gzip"),
        Expected(Outcome.TOO_LARGE, "cap"),
    ),
    _fault(
        "coding_unknown",
        "Content-Encoding: br, which nobody asked for",
        _changed(bytes, "br"),
        Expected(Outcome.WRONG_CONTENT, "'br'"),
        on_list=True,
    ),
    _fault("pdf_as_html", "a PDF called text/html in place of a page", _changed(lambda _: _PDF), _A_FILE),
    _fault("image_as_html", "an image called text/html in place of a page", _changed(lambda _: _PNG), _A_FILE),
    _fault("html_as_pdf", "a page called application/pdf", _changed(bytes, None, "application/pdf")),
    _fault("html_as_json", "a page called application/json", _changed(bytes, None, "application/json")),
    _fault("html_as_image", "a page called image/png", _changed(bytes, None, "image/png")),
    _fault(
        "empty_shell",
        "documents' pages are shells that a script would fill",
        _shell,
        Expected(Outcome.JS_ONLY, "script"),
    ),
    _fault(
        "hollow_page",
        "documents' pages have a frame and no word, nor a script to fill it",
        _hollow,
        Expected(Outcome.WRONG_CONTENT, "no text"),
    ),
    _fault(
        "charset_rare_letters",
        "declares gb2312 and has letters of GB18030 that GB2312 lacks",
        _rare_letters,
    ),
    _fault(
        "charset_gb_called_utf8",
        "GB18030 in fact, UTF-8 by its meta tag and by its head",
        _written("gb18030", meta="utf-8", header="utf-8"),
        on_list=True,
    ),
    _fault(
        "charset_utf8_called_gb",
        "UTF-8 in fact, gb2312 by its meta tag and by its head",
        _written("utf-8", meta="gb2312", header="gb2312"),
        on_list=True,
    ),
    _fault(
        "charset_unstated",
        "GB18030 in fact, and nothing says so",
        _written("gb18030", meta=None, header=None),
        on_list=True,
    ),
    _fault(
        "charset_in_an_odd_tag",
        "GB18030 in fact, said by a meta tag in capitals, without quotes and with its attributes turned round",
        _odd_meta,
        on_list=True,
    ),
    _fault(
        "charset_unheard_of",
        "UTF-8 in fact, x-unknown-9 by its head",
        _written("utf-8", meta="utf-8", header="x-unknown-9"),
    ),
    _fault(
        "byte_order_mark",
        "a byte order mark before a page that declares gb2312",
        _written("utf-8", meta="gb2312", header=None, mark=b"\xef\xbb\xbf"),
        on_list=True,
    ),
    _fault("html_end_in_the_middle", "</html> stands in the middle of the document", _html_end_in_the_middle),
)
