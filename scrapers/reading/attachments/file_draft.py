"""A file as a draft: what a page's reading gives, from a document that stands alone or hangs on a page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from scrapers.reading import ladder
from scrapers.reading.assembly import restore
from scrapers.records import (
    AttachedFile,
    Attachment,
    Block,
    Draft,
    FileOutcome,
    FileRole,
    FileText,
    Flag,
    PageKind,
    Removal,
)

ATTACHMENT_ONLY = "attachment_only"
"""Flag of a report whose text is in a file that could not be read; its evidence says which and why."""
_OF_PAGE = frozenset({"low_agreement"})
"""Flags that say how well a page's own text was found."""
_TITLE_ENDS = re.compile(r"(?:报告|总结|年报|汇报)(?:[（(][^（）()]{1,20}[）)])?$")
_SENTENCE = re.compile(r"[。；]")
_MOST_LINES = 5
_LONGEST_TITLE = 90
_MARKS = re.compile(r"[\s“”\"'‘’《》〈〉<>（）()\[\]【】〔〕:：,，、.。·—\-–_|]+")


def file_draft(
    attachment: Attachment,
    *,
    listed_title: str | None = None,
    listed_date: date | None = None,
) -> Draft:
    """The draft of a file that is a document by itself: a row of a list led straight to it, or it lies on a disk.

    ``attachment.file`` is its reading. Where that gave no text the draft is a document without text, flagged
    ``attachment_only`` with the reason.
    """
    assert attachment.file is not None
    found = attachment.file.reading
    own_title = title_lines(found.blocks, ()) if found.blocks else ""
    statements = ladder.Statements(
        meta={},
        table={},
        info=(),
        title_element=None,
        headings=[own_title] if own_title else [],
        url=attachment.url,
        listed_title=listed_title,
        listed_date=listed_date,
    )
    values = (*ladder.titles(statements), *ladder.published(statements))
    title = ladder.chosen(values, "title")
    read = found.outcome is FileOutcome.READ
    role = FileRole.REPORT if read else None
    reason = "the row leads to the file itself" if read else None
    draft = Draft(
        url=attachment.url,
        kind=PageKind.DOCUMENT,
        title=title,
        published=ladder.chosen(values, "published"),
        values=values,
        attachments=(replace(attachment, file=replace(attachment.file, role=role, role_reason=reason)),),
        encoding=found.encoding,
        text_origin=origin_of(found),
    )
    if not read:
        return replace(draft, flags=(Flag(ATTACHMENT_ONLY, why_unread(attachment)),))
    return with_text_of(draft, attachment.file, tuple(filter(None, (title, own_title, listed_title))))


def with_text_of(draft: Draft, file: AttachedFile, titles: Sequence[str]) -> Draft:
    """``draft`` with the text of ``file`` in the place of its own, which is kept as ``page_text``.

    The title is metadata, as on a page: lines at the head that only repeat one of ``titles`` are removed.
    """
    found = without_title(file.reading, titles)
    return replace(
        draft,
        text=found.text,
        blocks=found.blocks,
        tables=found.tables,
        removed=found.removed,
        container=f"attachment:{found.file_type}",
        text_origin=origin_of(found),
        page_text=draft.text or None,
        flags=(*(flag for flag in draft.flags if flag.name not in _OF_PAGE), *found.flags),
    )


def origin_of(found: FileText) -> str:
    """``text_origin`` of a report whose text is that of a file: ``recognised`` where an engine made it of pictures."""
    return "attachment" if found.confidence is None else "recognised"


def why_unread(attachment: Attachment) -> str:
    """Why a file gave no text, as evidence: its name, the outcome, the detail."""
    assert attachment.file is not None
    found = attachment.file.reading
    name = attachment.label or attachment.href
    return f"{name}: {found.outcome}" + (f": {found.detail}" if found.detail else "")


def title_lines(blocks: Sequence[Block], titles: Sequence[str]) -> str:
    """The title at the head of a document: its first lines, joined, as far as they make one of ``titles``; where no
    title is known, what ends as a report's title does. ``""`` for none."""
    known = {_plain(title) for title in titles} - {""}
    joined = ""
    for block in blocks[:_MOST_LINES]:
        if block.kind == "table" or _SENTENCE.search(block.text):
            break
        joined += block.text
        plain = "".join(joined.split())
        if len(plain) > _LONGEST_TITLE:
            break
        if (known and _plain(joined) in known) or (not known and _TITLE_ENDS.search(plain)):
            return joined
    return ""


def without_title(found: FileText, titles: Sequence[str]) -> FileText:
    """The text without the title's lines at its head, each a removal ``title_repeated``."""
    title = title_lines(found.blocks, titles)
    if not title:
        return found
    cut = 0
    while cut < len(found.blocks) and len("".join(block.text for block in found.blocks[: cut + 1])) <= len(title):
        cut += 1
    if cut >= len(found.blocks):
        return found  # nothing but the title: then it is the text
    length = sum(len(block.text) + 1 for block in found.blocks[:cut])
    within = [removal for removal in found.removed if removal.at < length]
    behind = [replace(removal, at=removal.at - length) for removal in found.removed if removal.at >= length]
    # what had been removed in or above the title goes back into the piece that is cut with it
    removed = (Removal("title_repeated", restore(found.text[:length], within), 0), *behind)
    return replace(
        found,
        text=found.text[length:],
        blocks=found.blocks[cut:],
        removed=removed,
    )


def _plain(text: str) -> str:
    return _MARKS.sub("", text)
