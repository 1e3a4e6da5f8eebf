"""Pages that answered as if they were the document, and are not: known only once they have been read."""

from __future__ import annotations

from scrapers.judging.attached import NOT_ARCHIVED
from scrapers.reading.attachments.file_draft import ATTACHMENT_ONLY
from scrapers.reading.further_pages import PAGES_MISSING
from scrapers.records import Draft, FileOutcome, FileRole, Outcome, PageKind

_SAYS_NOTHING = frozenset({FileOutcome.NOT_FETCHED, FileOutcome.TRUNCATED, FileOutcome.MISLABELLED, FileOutcome.EMPTY})
"""Ways in which a file ends that say that the site failed, where its text was read before."""
_FOR_GOOD = frozenset(
    {
        Outcome.GONE,
        Outcome.SOFT_404,
        Outcome.CLIENT_ERROR,
        Outcome.ROBOTS_DENIED,
        Outcome.WRONG_HOST,
        Outcome.FORBIDDEN_ADDRESS,
        Outcome.WRONG_CONTENT,
        Outcome.TOO_LARGE,
    }
)
"""Ways in which a fetch ends that the next will hardly mend: then what the first page says counts all the same."""


def no_document(draft: Draft, *, held: bool) -> tuple[Outcome, str] | None:
    """How such a fetch really ended, and why; ``None`` where the page is to be judged by what it says.

    ``held``: a document was read at this address before. Then a frame without text, a list or a home page says that
    the site failed, not that the document never was one: what is held stays.
    """
    if draft.kind is PageKind.CHALLENGE:
        return Outcome.CHALLENGE, "unnamed: the page shows next to nothing and checks on its visitor"
    if held and draft.kind is PageKind.DOCUMENT and (lost := _lost_file(draft) or _lost_page(draft)) is not None:
        return Outcome.WRONG_CONTENT, lost
    if not held or draft.kind is PageKind.DOCUMENT:
        return None
    if draft.kind is PageKind.EMPTY:
        return Outcome.WRONG_CONTENT, "no text of a document where one was read before"
    return Outcome.SOFT_404, f"a {draft.kind} page where a document was read before"


def _lost_page(draft: Draft) -> str | None:
    """Which further page of an article failed as a site fails for a while; ``None`` where none did."""
    if all(flag.name != PAGES_MISSING for flag in draft.flags):
        return None
    for attachment in draft.attachments:
        reading = attachment.file.reading if attachment.file is not None else None
        is_page = attachment.file is not None and attachment.file.role is FileRole.PAGE
        if is_page and reading is not None and reading.outcome is FileOutcome.NOT_FETCHED:
            outcome, _, why = (reading.detail or "").partition(": ")
            if outcome not in _FOR_GOOD and why != NOT_ARCHIVED:
                return f"its {attachment.label}, {attachment.url}: {reading.detail}"
    return None


def _lost_file(draft: Draft) -> str | None:
    """Why a document without text of its own has lost that of its file; ``None`` where it has not."""
    if all(flag.name != ATTACHMENT_ONLY for flag in draft.flags):
        return None
    for attachment in draft.attachments:
        if attachment.file is not None and attachment.file.reading.outcome in _SAYS_NOTHING:
            found = attachment.file.reading
            return f"its file {attachment.label or attachment.href}: {found.outcome}: {found.detail}"
    return None
