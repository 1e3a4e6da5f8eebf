"""Links to files that belong to the document: told apart from its pictures and from the site's own downloads."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Sequence
from urllib.parse import unquote, urljoin

from scrapers.reading.dom import Tree
from scrapers.records import Attachment

_FILE = re.compile(
    r"\.(?:pdf|docx?|docm|xlsx?|xlsm|wps|et|dps|ofd|pptx?|zip|rar|7z|ceb|gd|txt|csv|rtf|tiff?|mp4|mp3)(?:$|[?#&;])"
)
"""This and the next two: of an address in lower case, in which the search skips to the first letters."""
_IMAGE = re.compile(r"\.(?:jpe?g|png|gif|bmp|webp)(?:$|[?#&;])")
_SERVED = re.compile(
    r"/down(?:\.jspx?|\.aspx?|\.do|\.action|\.php)?\?|/getfile|/file/(?:down|get|open)|/module/download/|downfile\.jsp|download\.jsp|/downloadfile|filedownload|downloadattach|attachdownload|/attachment[s]?/|/attach/|download(?:\.do|\.action|\.aspx|\.php|\?)|"
    r"\?(?:filename|file|filepath|attachid|fileid|attachguid)=|&(?:filename|file|filepath|attachid|fileid|attachguid)="
)
_NO_TARGET = re.compile(r"^\s*(?:$|#|javascript:|mailto:|tel:|about:|data:)", re.I)
_SITE_WIDE = re.compile(
    r"\.(?:apk|exe|ipa|dmg)(?:$|[?#])|浏览器|客户端|APP下载|使用手册|操作手册|插件下载|阅读器|下载客户端", re.I
)
_SHOWN_IN = {
    "iframe": ("src", "data-src"),
    "embed": ("src",),
    # players that a script puts in the place of a block: the block names the file
    "div": ("pdfsrc", "data-pdf", "data-pdfurl"),
}
"""Elements that show a file in the page, and the attributes that name it or its viewer."""
_VIEWER = re.compile(r"[?&](?:file|src|url|path)=(?P<file>[^&#]+)", re.I)
_ENCODED = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
"""An address in base64, as viewers pass it on."""
_VIEWER_PAGE = re.compile(r"viewer|pdfjs|pdf\.html?|preview|onlineview|view\.(?:html?|jsp|aspx)", re.I)
"""Pages that only show the file which their address names; a download program's address is the file's own."""
_LABELLED = re.compile(r"\.(?:pdf|docx?|xlsx?|wps|et|ofd|zip|rar|pptx?|jpe?g|png)\s*$|^附件", re.I)


def attachments(tree: Tree, ranges: Sequence[tuple[int, int]], base: str) -> tuple[Attachment, ...]:
    """Links and viewer frames to files inside the index ranges, each address once, in page order.

    ``base`` is the address of the page, ``""`` where unknown (``url`` is then as written).
    """
    found: dict[str, Attachment] = {}
    for start, end in ranges:
        for place, tag in enumerate(tree.tags[start:end], start):
            if tag == "a":
                link = _linked(tree, place)
            elif tag in _SHOWN_IN:
                link = _framed(tree, place, _SHOWN_IN[tag])
            else:
                continue
            if link is None:
                continue
            label, href = link
            known = found.get(href)
            if known is None or (not known.label and label):
                found[href] = Attachment(label, href, absolute(href, base))
    if not found and ranges:
        for node in tree.parser.css(
            "object[data]"
        ):  # elements that the walk leaves out, with what they hold for others
            src = node.attributes.get("data") or ""
            if not _NO_TARGET.match(src) and _FILE.search(unquote(src.split("?")[0]).lower()):
                found[src] = Attachment("", src, absolute(src, base))
    return tuple(found.values())


_QUOTED = re.compile(r"""["'](?P<address>[^"'\s<>\\]{5,300})["']""")
_DOCUMENT_ADDRESS = re.compile(r"[^+]*[^+/.=][^+/=]{0,200}\.(?:pdf|ofd|docx?|wps|xlsx?)(?:[?#].*)?", re.I)
"""With a name before its ending; a plus sign shows that a script puts the address together."""


def scripted_files(tree: Tree, base: str) -> tuple[Attachment, ...]:
    """Files that only a script of the page names, or a field that waits for one: a viewer is built from them.

    For pages that show nothing themselves; on any other, a script may speak of anything.
    """
    written = [node.text() for node in tree.parser.css("script:not([src])")]
    quoted = [match["address"] for text in written for match in _QUOTED.finditer(text)]
    quoted += [(node.attributes.get("value") or "").strip() for node in tree.parser.css("input[value]")]
    named = [address for address in quoted if len(address) <= 300 and _DOCUMENT_ADDRESS.fullmatch(address)]
    found: dict[str, Attachment] = {}
    for address in named:
        viewed = _VIEWER.search(address)
        href = unquote(viewed["file"]) if viewed and _FILE.search(unquote(viewed["file"]).lower()) else address
        if not _SITE_WIDE.search(href):
            found.setdefault(href, Attachment("", href, absolute(href, base)))
    return tuple(found.values())


def _viewed(address: str) -> str | None:
    """The file that a viewer's address names, plainly or in base64."""
    found = _VIEWER.search(address)
    if found is None:
        return None
    named = unquote(found["file"])
    if _FILE.search(named.lower()):
        return named
    if _ENCODED.fullmatch(named):
        try:
            decoded = b64decode(named + "=" * (-len(named) % 4), altchars=b"-_" if set(named) & set("-_") else None)
            named = unquote(decoded.decode("utf-8"))
        except ValueError:  # a word of letters and digits, which names no file
            return None
        return named if _FILE.search(named.lower()) else None
    return None


def absolute(href: str, base: str) -> str:
    """The address a link leads to; as written where it cannot be joined."""
    try:
        return urljoin(base, href.strip()) if base else href.strip()
    except ValueError:
        return href.strip()


def _linked(tree: Tree, place: int) -> tuple[str, str] | None:
    attributes = tree.nodes[place].attributes
    href = attributes.get("href") or ""
    if _NO_TARGET.match(href):
        return None
    viewed = _viewed(href) if _VIEWER_PAGE.search(href) else None
    if viewed is not None:
        href = viewed
    target = unquote(href).lower()
    if not (_FILE.search(target) or _SERVED.search(target) or _IMAGE.search(target)):
        return None
    label = tree.text(place) or (attributes.get("title") or "").strip()
    if _SITE_WIDE.search(href) or _SITE_WIDE.search(label):
        return None
    if _FILE.search(target) or _SERVED.search(target):
        if _IMAGE.search(target) and not _LABELLED.search(label):
            return None
        return label, href
    if _IMAGE.search(target) and label and _LABELLED.search(label):
        return label, href
    return None


def _framed(tree: Tree, place: int, names: Sequence[str]) -> tuple[str, str] | None:
    """A viewer frame shows a file; the file is the attachment, not the viewer."""
    node = tree.nodes.get(place)
    if node is None:
        return None
    attributes = node.attributes
    src = next((value for name in names if (value := attributes.get(name))), "")
    if _NO_TARGET.match(src):
        return None
    viewed = _viewed(src)
    if viewed is not None:
        return (attributes.get("title") or "").strip(), viewed
    if _FILE.search(unquote(src.split("?")[0]).lower()):
        return (attributes.get("title") or "").strip(), src
    return None
