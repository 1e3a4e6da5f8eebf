"""Pages that answered as if they were the document, and are not: known only once they have been read."""

from __future__ import annotations

from scrapers.records import Draft, Outcome, PageKind


def no_document(draft: Draft, *, held: bool) -> tuple[Outcome, str] | None:
    """How such a fetch really ended, and why; ``None`` where the page is to be judged by what it says.

    ``held``: a document was read at this address before. Then a frame without text, a list or a home page says that
    the site failed, not that the document never was one: what is held stays.
    """
    if draft.kind is PageKind.CHALLENGE:
        return Outcome.CHALLENGE, "unnamed: the page shows next to nothing and checks on its visitor"
    if not held or draft.kind is PageKind.DOCUMENT:
        return None
    if draft.kind is PageKind.EMPTY:
        return Outcome.WRONG_CONTENT, "no text of a document where one was read before"
    return Outcome.SOFT_404, f"a {draft.kind} page where a document was read before"
