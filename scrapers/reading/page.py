"""A page, read: bytes in, a ``Draft`` out. Pure; any bytes give a draft."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from scrapers.addresses import host_of
from scrapers.reading import ladder
from scrapers.reading.assembly import Assembly
from scrapers.reading.attachments.links import absolute, attachments, scripted_files
from scrapers.reading.body import Container, Weights, find_body
from scrapers.reading.carried import carried_body
from scrapers.reading.chrome import Context, assemble
from scrapers.reading.chrome_rules import is_chrome, unwanted_elements
from scrapers.reading.decode import read_bytes
from scrapers.reading.dom import Page, Tree, tidy
from scrapers.reading.further_pages import PAGES_MISSING, next_page
from scrapers.reading.heading import Heading, above_body, find_heading, opening, under_title
from scrapers.reading.kinds import classify
from scrapers.reading.labels import table_ranks
from scrapers.reading.layouts import NOTHING, by_layout, chosen_by_layout
from scrapers.reading.learned import LearnedRule
from scrapers.reading.metadata import InfoLine, MetadataTable, info_lines, meta_tags, metadata_table, stated
from scrapers.reading.render import pieces
from scrapers.reading.runs import agreement
from scrapers.reading.simplified import simplified
from scrapers.records import Draft, Flag, Layout, MetaValue, PageKind, Pager

_AGREES = 0.9
_DOC_NUMBER = re.compile(
    r"[（(]?[\u4e00-\u9fff]{1,14}[〔\[［（(【]\s*(?:19|20)\d{2}\s*[〕\]］）)】]\s*(?:第\s*)?\d{1,5}\s*号[）)]?"
)


def read_page(
    body: bytes,
    url: str | None,
    *,
    content_type: str | None = None,
    charset: str | None = None,
    listed_title: str | None = None,
    listed_date: date | None = None,
    learned: Sequence[LearnedRule] = (),
    layout: Layout | None = None,
    first: str | None = None,
) -> Draft:
    """Read one page. ``url`` is the address it was fetched from, ``listed_*`` what its list row says, where known,
    ``learned`` the chrome learned from other pages of the same host and template, ``layout`` what the source file says
    of pages of its day: where that finds nothing, the draft is flagged ``layout_missed`` and the usual rules hold.
    ``first`` is the address of the article's first page where this is a further one.

    Never raises. ``rows`` and ``pager`` of a list page are left to the listing protocols. A document that goes on, on
    another page, says so by ``pager`` and the flag ``pages_missing``: its text is that of this page alone.
    """
    if layout is not None:
        charset = layout.charset or charset
    text, encoding, markup = read_bytes(body, content_type=content_type, charset=charset)

    def read(text: str, page: Page) -> Draft:
        return _read(text, encoding, page, url or "", listed_title, listed_date, learned, layout)

    page = Page(markup)
    draft = _with_next_page(read(text, page), text, first, markup if isinstance(markup, bytes) else None)
    shows_nothing = draft.kind is PageKind.DOCUMENT and not (draft.text or draft.attachments or draft.pager)
    is_beside_a_list = draft.kind is PageKind.LIST and _is_dated(draft)
    may_carry = draft.kind in (PageKind.EMPTY, PageKind.CHALLENGE) or shows_nothing or is_beside_a_list
    if not may_carry or (carried := carried_body(page.parser)) is None:
        return draft
    text = f"{text}<div>{carried.markup}</div>".encode("utf-8", "replace").decode()
    shown = read(text, Page(text))
    if shown.kind is not PageKind.DOCUMENT:
        return draft
    said = f"the page shows no text; its {carried.carrier} carries it"
    return replace(shown, flags=(*shown.flags, Flag("carried_body", said)))


def _is_dated(draft: Draft) -> bool:
    """Whether a page states the source of an article: what looks like a list may be the rows beside one."""
    return any(value.origin == "info_line" and value.field == "source" for value in draft.values)


def _with_next_page(draft: Draft, text: str, first: str | None, raw: bytes | None) -> Draft:
    if draft.pager is not None:
        return replace(draft, flags=(*draft.flags, Flag(PAGES_MISSING, f"the text is in a frame, {draft.pager.page2}")))
    following = next_page(text, draft.url, first=first, raw=raw) if draft.kind is PageKind.DOCUMENT else None
    if following is None:
        return draft
    said = f" of {following.pages}" if following.pages is not None else ""
    missing = Flag(PAGES_MISSING, f"1 page{said} was read; the next is {following.page2}")
    return replace(draft, pager=following, flags=(*draft.flags, missing))


def _read(
    text: str,
    encoding: str,
    page: Page,
    address: str,
    listed_title: str | None,
    listed_date: date | None,
    learned: Sequence[LearnedRule],
    layout: Layout | None,
) -> Draft:
    """The draft of a decoded page, by what it shows."""
    tree = page.tree
    tags = meta_tags(page.parser)
    title_element = _title_element(page)
    infos = info_lines(tree)
    laid = by_layout(tree, layout) if layout is not None else NOTHING
    named = laid.title or listed_title
    heading = find_heading(tree, infos, title_element, tags, named)
    spot, shows_article = under_title(tree, infos, heading, meta_title=bool(tags.get("articletitle")))
    weights = Weights(tree)
    after = heading.first if heading else 0
    container = laid.body or find_body(tree, weights, after=after, anchor=spot, is_button=is_chrome)
    ranges = _ranges(tree, container)
    table = metadata_table(tree, skip=_body_ranges(tree, container), title_at=heading.first if heading else None)
    if heading is None and container is not None and not ladder.named(tags, table.pairs, title_element, named):
        heading = above_body(tree, infos, container.places[0], tags) or opening(tree, infos, container.places[0])
        shows_article = shows_article or under_title(tree, infos, heading, meta_title=False)[1]
    assembly = _assembled(tree, container, infos, tags, title_element, heading, table.pairs, named, learned)
    inside = _entry_inside(tree, container, assembly, table)
    if inside is not None:
        table = inside
        assembly = _assembled(tree, container, infos, tags, title_element, heading, table.pairs, named, learned)
    info = _ranked(tree, infos, ranges, heading, assembly, table)
    statements = ladder.Statements(
        meta=tags,
        table=table.pairs,
        info=info,
        title_element=title_element,
        headings=[heading.text] if heading else [],
        url=address,
        listed_title=listed_title,
        listed_date=listed_date,
        body_numbers=_numbers(assembly),
    )
    values: tuple[MetaValue, ...] = (
        *ladder.titles(statements),
        *ladder.published(statements),
        *ladder.sources(statements),
        *ladder.doc_numbers(statements),
        *ladder.index_numbers(statements),
        *ladder.publishers(statements),
    )
    values = chosen_by_layout(values, laid) if layout is not None else values
    files = attachments(tree, _file_ranges(tree, container, heading), address)
    if not files and shows_article and not any(block.kind != "heading" for block in assembly.blocks):
        files = scripted_files(tree, address)
    kind = classify(
        tree,
        text,
        container,
        assembly,
        tags,
        info,
        shows_article=shows_article or laid.body is not None or _is_entry(table.pairs),
        has_files=bool(files),
    )
    flags = list(laid.missed)
    if kind is PageKind.DOCUMENT and container is not None:
        agreed = agreement(tree, container, weights, assembly.table_places)
        if agreed < _AGREES:
            flags.append(Flag("low_agreement", f"{agreed:.2f} between {container.how} and the best run of lines"))
    is_document = kind is PageKind.DOCUMENT
    if is_document and (unseen := _unseen(assembly)):
        said = f"{sum(map(len, unseen))} characters are styled away, from: {unseen[0][:_QUOTED]}"
        flags.append(Flag("hidden_text", said))
    return Draft(
        url=address,
        kind=kind,
        title=ladder.chosen(values, "title"),
        published=ladder.chosen(values, "published"),
        source=ladder.chosen(values, "source"),
        doc_number=ladder.chosen(values, "doc_number"),
        index_number=ladder.chosen(values, "index_number"),
        text=assembly.text if is_document else "",
        blocks=assembly.blocks if is_document else (),
        tables=assembly.tables if is_document else (),
        attachments=files if is_document else (),
        removed=assembly.removed if is_document else (),
        values=values,
        metadata=dict(table.pairs),
        meta_tags=tags,
        encoding=encoding,
        container=container.how if container is not None else None,
        pager=_framed_body(tree, container, address) if is_document and not assembly.text and not files else None,
        flags=tuple(flags),
    )


def _unseen(assembly: Assembly) -> list[str]:
    """Sentences that are styled away inside the body and stand nowhere else in it: a click may show them."""
    lines = [
        line
        for removal in assembly.removed
        if removal.rule == "hidden"
        for line in removal.text.strip().split("\n")
        if len(line) >= _SENTENCE_LENGTH and "。" in line and line not in assembly.text
    ]
    return lines if sum(map(len, lines)) >= _MANY_CHARACTERS else []


_SENTENCE_LENGTH = 20
_MANY_CHARACTERS = 100
"""Of sentences: fewer are a prompt or a summary."""
_QUOTED = 30


def _framed_body(tree: Tree, container: Container | None, address: str) -> Pager | None:
    """The page of the same host that a page without text shows in a frame, in the place of its body."""
    for start, end in _ranges(tree, container):
        for place in range(start, end):
            source = tree.attribute(place, "src").strip() if tree.tags[place] == "iframe" else ""
            framed = absolute(source, address).partition("#")[0] if source else ""
            if framed != address and host_of(framed) == host_of(address) != "":
                return Pager("frame", page2=framed)
    return None


def _title_element(page: Page) -> str | None:
    node = page.parser.css_first("title")
    return tidy(node.text()) or None if node is not None else None


def _is_entry(table: Mapping[str, str]) -> bool:
    """Whether the catalogue entry is that of one document: it names it or numbers it."""
    return any(stated(table.get(label)) for field in ("title", "index_number") for label in table_ranks()[field])


def _body_ranges(tree: Tree, container: Container | None) -> list[tuple[int, int]]:
    if container is None or container.how == "density":
        return []
    return [(place, tree.ends[place]) for place in container.places]


def _entry_inside(
    tree: Tree, container: Container | None, assembly: Assembly, table: MetadataTable
) -> MetadataTable | None:
    """The catalogue entry where it stands at the head of the container, which is not searched otherwise."""
    taken = {
        cell.strip()
        for removal in assembly.removed
        if removal.rule == "metadata_table"
        for line in removal.text.split("\n")
        for cell in (line, *line.split("\t"))
    }
    if not taken or container is None or container.how == "density":
        return None
    skip = [
        (max((line.last + 1 for line in tree.lines_between(place, end) if line.text in taken), default=place), end)
        for place, end in _body_ranges(tree, container)
    ]
    found = metadata_table(tree, skip=skip)
    return found if len(found.pairs) > len(table.pairs) else None


def _ranges(tree: Tree, container: Container | None) -> list[tuple[int, int]]:
    return [(place, tree.ends[place]) for place in container.places] if container is not None else []


def _assembled(
    tree: Tree,
    container: Container | None,
    infos: Mapping[int, InfoLine],
    meta: dict[str, str],
    element: str | None,
    heading: Heading | None,
    entry: Mapping[str, str],
    listed: str | None,
    learned: Sequence[LearnedRule],
) -> Assembly:
    if container is None:
        return Assembly("", (), (), ())
    visible = whole = 0
    for place in container.places:
        for line in tree.lines_between(place, tree.ends[place]):
            whole += len(line.text)
            if not line.hidden:
                visible += len(line.text)
    condemned = unwanted_elements(tree, container.places, keep_hidden=visible < 0.5 * whole)
    rendered = pieces(tree, container, condemned)
    names = [
        meta.get("articletitle"),
        heading.text if heading else None,
        listed,
        ladder.strip_site(element or "", meta),
        ladder.table_value(entry, "title"),
    ]
    titles = [name for name in names if name]
    plain = [simplified(name) for name in titles]
    inside = heading is not None and container.how == "density" and _holds(tree, container, heading.first)
    context = Context(
        titles=tuple(plain),
        traditional=plain != titles,
        doc_number=ladder.table_value(entry, "doc_number"),
        learned=tuple(learned),
        title_at=heading.first if heading is not None and inside else None,
        dated=_dated_outside(tree, container, infos, heading),
    )
    return assemble(rendered, context)


def _dated_outside(tree: Tree, container: Container, infos: Mapping[int, InfoLine], heading: Heading | None) -> bool:
    """Whether the page shows its day of release outside the container: with a label, or bare right under the title."""
    inside = tree.line_numbers(_ranges(tree, container))
    under = range(heading.start, heading.start + _BARE_DATE_REACH + 1) if heading is not None else range(0)
    return any(
        name == "released" and value and (label or number in under)
        for number, read in infos.items()
        if number not in inside
        for name, label, value in read.values
    )


def _holds(tree: Tree, container: Container, spot: int) -> bool:
    return any(place < spot < tree.ends[place] for place in container.places)


_BARE_DATE_REACH = 6
"""Lines between the title and a date without a label, at most."""


def _ranked(
    tree: Tree,
    infos: Mapping[int, InfoLine],
    body: Sequence[tuple[int, int]],
    heading: Heading | None,
    assembly: Assembly,
    entry: MetadataTable,
) -> list[InfoLine]:
    """Info lines outside the body, the nearest to the title first (those above it last), then those found inside."""
    start = (
        heading.start
        if heading
        else next((n for n, line in enumerate(tree.lines) if any(a <= line.first for a, _ in body)), 0)
    )
    near: list[tuple[int, InfoLine]] = []
    inside = tree.line_numbers(body)
    for number, read in infos.items():
        since = heading.last + 1 if heading is not None and heading.last < read.first else 0
        if number in inside or (read.first in entry.places if read.labelled else entry.holds(read.first, since)):
            continue
        distance = number - start if number >= start else 3 * (start - number)
        if distance > _BARE_DATE_REACH and not any(label for _, label, _ in read.values):
            continue
        near.append((distance, read))
    near.sort(key=lambda pair: pair[0])
    return [*(line for _, line in near), *assembly.info]


def _numbers(assembly: Assembly) -> list[str]:
    """Document numbers alone on one of the first lines of the body."""
    found = []
    for block in assembly.blocks[:6]:
        if block.kind != "table" and _DOC_NUMBER.fullmatch(block.text):
            found.append(block.text.strip("（）()"))
    return found


def _file_ranges(tree: Tree, container: Container | None, heading: Heading | None) -> list[tuple[int, int]]:
    """Where attachments may stand: the body and what the template hangs under it, up to the end of the block that
    holds the title too."""
    if container is None:
        return []
    place = container.places[0]
    end = tree.ends[container.places[-1]]
    roof = place
    for ancestor in tree.ancestors(place):
        if tree.tags[ancestor] in ("body", "html"):
            break
        roof = ancestor
        if heading is not None and ancestor <= heading.first < tree.ends[ancestor]:
            break
    else:
        roof = place
    end = max(end, tree.ends[roof])
    return [(place, end), *_file_boxes(tree, end)]


_FILE_HEADING = re.compile(r"[\[【]?(?:相关|本页|本文|文件|文档)?附件(?:下载|列表|信息|材料|文件)?[\]】]?(?:[:：].*)?")


def _file_boxes(tree: Tree, start: int) -> list[tuple[int, int]]:
    """What stands under a heading of attachments behind the block that holds title and body, as far as it is links."""
    boxes = []
    lines = tree.lines[bisect_left(tree.firsts, start) :]
    for number, line in enumerate(lines):
        if line.hidden or not _FILE_HEADING.fullmatch("".join(line.text.split())):
            continue
        last = line.last
        for under in lines[number + 1 :]:
            if 2 * under.linked < len(under.text):
                break
            last = under.last
        boxes.append((line.first, last + 1))
    return boxes
