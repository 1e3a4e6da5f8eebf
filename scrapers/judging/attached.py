"""Which attached files are asked for, which of them is the report, and whose text counts: the page's or a file's.

Pure. A crawl asks it with what it fetched, and a later reading of the archive with the captures of then; both give the
same draft. Every file that was looked at keeps its text, whether or not it is the report's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import unquote

from scrapers.judging.genre import judge_title
from scrapers.reading.attachments.file_draft import (
    ATTACHMENT_ONLY,
    title_lines,
    why_unread,
    with_text_of,
    without_title,
)
from scrapers.reading.attachments.file_types import named_ending
from scrapers.records import (
    AttachedFile,
    Attachment,
    Draft,
    FileOutcome,
    FileRole,
    FileText,
    Flag,
    PageKind,
)

NOT_ARCHIVED = "no answer of it is archived; the next crawl asks"
"""Detail of what hangs on an archived page and was never asked for."""
MOST_FILES = 8
"""Files of one page that are asked for: a page with more is a list of files."""
NOTICE = 400
"""Characters up to which a page may be a notice that its report is attached."""
_MEDIA = re.compile(r"\.(?:mp4|mp3|avi|flv|wmv|wav|pptx?|dps|exe|apk|css|js)(?:$|[?#&;])", re.I)
_PICTURES = frozenset({"jpg", "jpeg", "png", "gif", "bmp", "tif", "tiff", "webp"})
_FORM = re.compile(r"申请表|登记表|审批表|推荐表|报名表|空白表|样表|模板|范本|填写说明|填报说明|征求意见表|回执")
_ANNEX = re.compile(r"附表|统计表|名单|清单|目录|一览表|汇总表|情况表|解读|图解|佐证|证明")
_LABEL_LINE = re.compile(
    r"(?:附件\s*[\d一二三四五六七八九十]*\s*[:：、.．]?\s*)?.{0,120}\.(?:pdf|docx?|wps|xlsx?|et|ofd|rtf|zip|rar|txt|jpe?g|png)\s*",
    re.I,
)
_GRAM = 5
_SAME = 0.9
"""Share of a text's 5-grams that stand in the other from which it is that text, or a part of it."""
_LONGER = 1.02
_COMPARED = 200_000


@dataclass(frozen=True, slots=True)
class FileChoice:
    """An attachment with the verdict on whether it is asked for; ``why_not`` is ``None`` where it is."""

    attachment: Attachment
    why_not: str | None = None


def files_to_ask_for(draft: Draft) -> tuple[FileChoice, ...]:
    """Every attachment of a page that may be a report, with why it is not asked for where it is not."""
    own = len(own_text(draft))
    asked = 0
    choices = []
    for attachment in draft.attachments:
        why_not = _why_not(attachment, own)
        if why_not is None and asked >= MOST_FILES:
            why_not = f"more than {MOST_FILES} files"
        asked += why_not is None
        choices.append(FileChoice(attachment, why_not))
    return tuple(choices)


def is_worth_files(draft: Draft, *, is_report: bool) -> bool:
    """Whether the files of a page are asked for at all: it is a report, or says too little to be anything else."""
    return draft.kind is PageKind.DOCUMENT and bool(draft.attachments) and (is_report or len(own_text(draft)) <= NOTICE)


def with_files(draft: Draft, looked: Sequence[Attachment], *, listed_title: str | None = None) -> Draft:
    """The draft of a page with its files: each with its role, and the text that counts.

    ``looked`` are the draft's attachments, in their order, each with its ``file``. A file that says the same as the
    page is one document with it; the longer of the two, or the one with the tables, is the text. A page that is hardly
    more than a link has its file's text. Where no file could be read of such a page, it is flagged ``attachment_only``
    with the reasons.
    """
    page = own_text(draft)
    titles = tuple(filter(None, (draft.title, listed_title)))
    judged = [_judged(attachment, draft, page, titles) for attachment in looked]
    judged = _one_report(judged)
    files = tuple(slimmed(_with_role(one)) for one in judged)
    chosen = next((one.attachment for one in judged if one.role is FileRole.REPORT), None)
    if chosen is not None:
        assert chosen.file is not None
        return replace(with_text_of(draft, chosen.file, titles), attachments=files)
    flags = draft.flags
    if len(page) <= NOTICE and not _reports(page):
        unread = [one.attachment for one in judged if _is_unread(one.attachment)]
        flags = (*flags, *(Flag(ATTACHMENT_ONLY, why_unread(attachment)) for attachment in unread))
    return replace(draft, attachments=files, text_origin="page", flags=flags)


def own_text(draft: Draft) -> str:
    """What a page says besides the names of its files, without white space."""
    labels = {_plain(attachment.label) for attachment in draft.attachments}
    kept = []
    for block in draft.blocks:
        line = block.text.strip()
        if _plain(line) in labels or _plain(re.sub(r"^附件[\d一二三四五六七八九十]*[:：、.．]?", "", line)) in labels:
            continue
        if block.kind != "table" and _LABEL_LINE.fullmatch(line):
            continue
        if re.fullmatch(r"(?:相关)?附件(?:下载|列表)?[:：]?", line):
            continue
        kept.append(line)
    return "".join("".join(kept).split())


def looked_at(
    attachment: Attachment,
    reading: FileText,
    *,
    capture_id: str | None = None,
    digest: str | None = None,
    length: int | None = None,
) -> Attachment:
    """An attachment with what came of it."""
    return replace(attachment, file=AttachedFile(reading, capture_id=capture_id, digest=digest, length=length))


def not_wanted(attachment: Attachment, why: str) -> Attachment:
    """An attachment that nobody asked for."""
    return looked_at(attachment, FileText(FileOutcome.NOT_WANTED, detail=why))


# ------------------------------------------------------------------------------------------------ roles


@dataclass(frozen=True, slots=True)
class _Judged:
    attachment: Attachment
    role: FileRole | None
    reason: str | None
    rank: tuple[int, int] = (0, 0)
    """Among several reports the highest: named as one, then the longest."""


def _why_not(attachment: Attachment, own: int) -> str | None:
    target, label = unquote(attachment.href), attachment.label
    if _MEDIA.search(target):
        return "a film, a recording or slides"
    ending = named_ending(label) or named_ending(target)
    if ending in _PICTURES and own > NOTICE:
        return "a picture beside the text"
    form = _FORM.search(label)
    return f"a form: {form[0]}" if form is not None and not judge_title(label).likely else None


def _judged(attachment: Attachment, draft: Draft, page: str, titles: Sequence[str]) -> _Judged:
    assert attachment.file is not None
    reading = attachment.file.reading
    if reading.outcome is not FileOutcome.READ:
        return _Judged(attachment, None, None)
    text = "".join(without_title(reading, titles).text.split())
    named = _is_named(attachment, titles) or bool(title_lines(reading.blocks, titles))
    annexed = _ANNEX.search(attachment.label) is not None and not judge_title(attachment.label).likely
    rank = (int(named) - int(annexed), len(text))
    of_page, of_file = _shares(page, text)
    tables = len(reading.tables) - len(draft.tables)
    if page and of_file >= _SAME and of_page >= _SAME:
        more = len(text) > _LONGER * len(page) or tables > 0
        why = f"{of_page:.0%} of the page stand in it"
        return _Judged(attachment, FileRole.REPORT if more else FileRole.SAME, why, rank)
    if page and of_file >= _SAME:
        return _Judged(attachment, FileRole.SAME, f"{of_file:.0%} of it stand on the page", rank)
    if annexed:
        return _Judged(attachment, FileRole.ANNEX, f"called {attachment.label}", rank)
    if len(page) > _GRAM and of_page >= _SAME:
        return _Judged(attachment, FileRole.REPORT, f"{of_page:.0%} of the page stand in it, and it goes on", rank)
    if len(page) <= NOTICE and not _reports(page):
        why = "named as the report" if named else "the page says little else"
        return _Judged(attachment, FileRole.REPORT, why, rank)
    return _Judged(attachment, FileRole.ANNEX, "says other than the page", rank)


def _one_report(judged: list[_Judged]) -> list[_Judged]:
    """Of several files that could be the report, one; the others are the same once more, or annexes."""
    best = max((one for one in judged if one.role is FileRole.REPORT), key=lambda one: one.rank, default=None)
    if best is None:
        return judged
    whole = _text(best.attachment)
    settled = []
    for one in judged:
        if one is best or one.role is not FileRole.REPORT:
            settled.append(one)
            continue
        _, share = _shares(whole, _text(one.attachment))
        if share >= _SAME:
            reason = f"{share:.0%} of it stand in {best.attachment.label or best.attachment.href}"
            settled.append(replace(one, role=FileRole.SAME, reason=reason))
        else:
            settled.append(
                replace(one, role=FileRole.ANNEX, reason="another file is named as the report, or is longer")
            )
    return settled


def _text(attachment: Attachment) -> str:
    assert attachment.file is not None
    return "".join(attachment.file.reading.text.split())


def _is_named(attachment: Attachment, titles: Sequence[str]) -> bool:
    label = re.sub(r"^附件\s*[\d一二三四五六七八九十]*\s*[:：、.．]?|\.\w{2,5}$", "", attachment.label).strip()
    return judge_title(label).report_type is not None or (len(label) > 6 and _plain(label) in map(_plain, titles))


def _shares(page: str, file: str) -> tuple[float, float]:
    """Share of the page's 5-grams that stand in the file, and of the file's on the page."""
    mine, theirs = _grams(page), _grams(file)
    common = len(mine & theirs)
    return common / len(mine) if mine else 0.0, common / len(theirs) if theirs else 0.0


def _grams(text: str) -> frozenset[str]:
    text = text[:_COMPARED]
    return frozenset(text[n : n + _GRAM] for n in range(len(text) - _GRAM + 1))


def _reports(page: str) -> bool:
    """Whether a short page is a report all the same: it has parts, or sentences of its own work."""
    return len(re.findall(r"[一二三四五]、", page)) >= 3


def _is_unread(attachment: Attachment) -> bool:
    assert attachment.file is not None
    return attachment.file.reading.outcome not in (FileOutcome.READ, FileOutcome.NOT_WANTED)


def _with_role(one: _Judged) -> Attachment:
    assert one.attachment.file is not None
    return replace(one.attachment, file=replace(one.attachment.file, role=one.role, role_reason=one.reason))


def slimmed(attachment: Attachment) -> Attachment:
    """What is kept of a file: its text and where its pages begin. The blocks of the report's are the draft's."""
    assert attachment.file is not None
    reading = attachment.file.reading
    starts: list[int] = []
    at = 0
    for block in reading.blocks:
        if block.page is not None:
            starts += [at] * (block.page - len(starts))
        at += len(block.text) + 1
    slim = replace(reading, blocks=(), tables=(), removed=())
    return replace(attachment, file=replace(attachment.file, reading=slim, page_starts=tuple(starts)))


def _plain(text: str) -> str:
    return re.sub(r"[\s“”\"'‘’《》〈〉（）()\[\]【】:：,，、.。·—\-–_]+", "", text).lower()
