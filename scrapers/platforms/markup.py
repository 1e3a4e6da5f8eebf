"""HTML of list pages as a tree that survives what such pages contain."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator

from bs4 import BeautifulSoup, MarkupResemblesLocatorWarning, NavigableString, Tag, XMLParsedAsHTMLWarning

SPACE = re.compile(r"[\s\u00a0\u2000-\u200d\u202f\u2060\u3000\ufeff]+")
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# libxml2 stops at a stray </html>, and some templates nest a whole second document in the body; all three end tags
# are optional in HTML, so that nothing is lost with them.
_DOCUMENT_MARKS = re.compile(r"</\s*(?:html|body)\s*>|<!doctype[^>]*>|<\?xml[^>]*\?>", re.IGNORECASE)
_SILENT = {"script", "style", "noscript", "template", "textarea", "select", "option", "title", "head"}


def parse(html: str) -> BeautifulSoup:
    """``html``, a page or a fragment, as a tree (BeautifulSoup on lxml). Never raises."""
    clean = _DOCUMENT_MARKS.sub(" ", _UNWRITABLE.sub("", html))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MarkupResemblesLocatorWarning)
        warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)
        return BeautifulSoup(clean, "lxml")


def attribute(tag: Tag, name: str) -> str:
    """Value of an attribute, ``""`` where it is absent; names are compared in lower case as the parser gives them."""
    value = tag.get(name.lower())
    if isinstance(value, list):
        return " ".join(value)
    return value or ""


def collapsed(text: str) -> str:
    """``text`` with every run of white space, zero-width characters included, as one space."""
    return SPACE.sub(" ", text).strip()


def strings(tag: Tag) -> Iterator[NavigableString]:
    """The strings of ``tag`` a reader can see: no comments, scripts, styles or option lists."""
    for text in tag.descendants:
        if type(text) is NavigableString and not (text.parent and text.parent.name in _SILENT):
            yield text


def shown_text(tag: Tag) -> str:
    return collapsed("".join(strings(tag)))


def scripts(soup: BeautifulSoup) -> str:
    """All inline scripts, one after the other; scripts inside HTML comments are not in force and not among them."""
    return "\n".join(
        script.string or "" for script in soup.find_all("script") if "xml" not in attribute(script, "type").lower()
    )
