"""Chrome taken out of a container by named rules.

``assemble`` turns the pieces of a container into text, blocks and removals; ``assembly.restore`` is its inverse on the
text. A rule sees whole lines. Two guards stand over all of them: a line that reads as a sentence goes only with a rule
that names whole elements or copies, and where the rules together would leave nothing of a body with sentences, none
holds.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from scrapers.reading.assembly import Assembly, Verdict, put_together
from scrapers.reading.chrome_rules import NAMES_A_FILE, SENTENCE, Rule, by_match, line_rule, longest_line, takes
from scrapers.reading.labels import (
    COLON,
    bare_label,
    canonical_label,
    label_openings,
    line_labels,
    long_labels,
    table_labels,
)
from scrapers.reading.learned import LearnedRule, learned_removals
from scrapers.reading.metadata import SHARED_FIELDS, InfoLine, info_line, is_release_line
from scrapers.reading.render import Piece
from scrapers.reading.simplified import simplified

_STOPS = "。！？!?”）)】；;"


@dataclass(frozen=True, slots=True)
class Context:
    """What the rest of the page says, as far as rules compare with it."""

    titles: tuple[str, ...] = ()
    doc_number: str | None = None
    learned: tuple[LearnedRule, ...] = ()
    title_at: int | None = None
    """First text node of the page's title, where the container holds it too."""
    traditional: bool = False
    """Whether the page is in Traditional characters; ``titles`` are Simplified all the same."""
    dated: bool = False
    """Whether the page shows its day of release outside the container."""


def assemble(pieces: Sequence[Piece], context: Context) -> Assembly:
    """Apply every rule to the container's lines and put together what is left."""
    verdicts, info = _judge(pieces, context)
    kept = sum(1 for verdict in verdicts if verdict.rule is None)
    if not kept and any(_reads_as_sentence(piece) for piece in pieces):
        verdicts, info = [Verdict() for _ in pieces], []
    return put_together(pieces, verdicts, tuple(info))


# ------------------------------------------------------------------------------------------------ judging


def _reads_as_sentence(piece: Piece) -> bool:
    if piece.grid is not None:
        return piece.linked < 0.5 * len(piece.text)
    text = piece.text
    return len(text) >= 30 and bool(SENTENCE.search(text)) and piece.linked < 0.6 * len(text)


def _judge(pieces: Sequence[Piece], context: Context) -> tuple[list[Verdict], list[InfoLine]]:
    verdicts = [Verdict(piece.unwanted) for piece in pieces]
    bare = ["".join(piece.text.split()) if piece.grid is None else "" for piece in pieces]
    if context.traditional:  # the rules are written in Simplified characters
        bare = [simplified(text) for text in bare]
    if context.title_at is not None:
        _above_title(pieces, verdicts, context.title_at)
    _second_copy(bare, verdicts)
    _metadata_grids(pieces, verdicts, context.title_at)
    _anywhere(bare, verdicts)
    head, tail = _zones(pieces, verdicts)
    info: list[InfoLine] = []
    _titles(bare, verdicts, context, head)
    _info_lines(pieces, verdicts, info, head, tail, dated=context.dated)
    _blocks(pieces, bare, verdicts, tail)
    _at_edges(bare, verdicts, head, tail)
    _link_lists(pieces, bare, verdicts, tail if head < len(pieces) else len(pieces))
    _line_ends(pieces, verdicts, tail)
    if context.learned:
        left = [
            piece.text if verdict.rule is None and piece.grid is None else ""
            for piece, verdict in zip(pieces, verdicts, strict=True)
        ]
        for number, name in learned_removals(context.learned, left).items():
            verdicts[number].rule = name
    return verdicts, info


def _above_title(pieces: Sequence[Piece], verdicts: Sequence[Verdict], title_at: int) -> None:
    """What stands above the title, unless it reads as text: then the line taken for the title is of the body."""
    above = [n for n, piece in enumerate(pieces) if piece.first < title_at]
    if any(
        verdicts[n].rule is None
        and pieces[n].grid is None
        and _reads_as_sentence(pieces[n])
        and _opening_label(pieces[n].text) not in table_labels()
        for n in above
    ):  # a table above the title, or a line with a label, is the catalogue entry or the page's layout
        return
    for n in above:
        if verdicts[n].rule is None:
            verdicts[n].rule = "above_title"


def _zones(pieces: Sequence[Piece], verdicts: Sequence[Verdict]) -> tuple[int, int]:
    """``head``: lines before this index stand above the first sentence; ``tail``: those from this index on, below the
    last."""

    def runs(number: int) -> bool:
        piece = pieces[number]
        return verdicts[number].rule is None and _reads_as_sentence(piece) and not _is_info(piece)

    head = next(filter(runs, range(len(pieces))), None)
    if head is None:
        return len(pieces), 0
    return head, next(filter(runs, reversed(range(len(pieces))))) + 1


def _is_info(piece: Piece) -> bool:
    return len(piece.text) <= 200 and _useful(_info_of(piece))


def _info_of(piece: Piece) -> InfoLine | None:
    """The info line that a piece is; a row of cells with labels is one too."""
    if piece.grid is None:
        return info_line(piece.text, piece.first)
    read = info_line(" ".join(piece.text.split()), piece.first) if len(piece.grid.lines) <= 3 else None
    return read if read is not None and read.lead == 0 and len(read.labelled) >= 2 else None


def _useful(line: InfoLine | None) -> bool:
    """An info line states a date, a source or a counter; a lone label of credits is left to the editor rules."""
    return (
        line is not None
        and line.lead <= 40
        and any(
            (name in ("released", "updated", "written") and value)
            or name in ("source", "counter", "publisher", "tools")
            for name, _, value in line.values
        )
    )


def _anywhere(bare: Sequence[str], verdicts: Sequence[Verdict]) -> None:
    longest = longest_line("anywhere")
    for number, text in enumerate(bare):
        if not text or verdicts[number].rule is not None or len(text) > longest:
            continue
        rule = line_rule("anywhere", text)
        if rule is not None:
            verdicts[number].rule = rule.name


def _at_edges(bare: Sequence[str], verdicts: Sequence[Verdict], head: int, tail: int) -> None:
    for number in range(len(bare) - 1, -1, -1):
        text = bare[number]
        if not text or verdicts[number].rule is not None or len(text) > 300:
            continue
        rule = (line_rule("head", text) if number < head else None) or (
            line_rule("tail", text) if number >= tail else None
        )
        if rule is None:
            continue
        # The heading of a list of attachments stays as long as anything stands under it.
        if rule.name == "attachments_heading" and any(verdict.rule is None for verdict in verdicts[number + 1 :]):
            continue
        verdicts[number].rule = rule.name
    imprint = next((n for n in range(tail, len(bare)) if verdicts[n].rule == "footer"), len(bare))
    for number in range(imprint + 1, len(bare)):
        rule = line_rule("imprint", bare[number]) if bare[number] and verdicts[number].rule is None else None
        if rule is not None:
            verdicts[number].rule = rule.name


def _blocks(pieces: Sequence[Piece], bare: Sequence[str], verdicts: Sequence[Verdict], tail: int) -> None:
    number = tail
    while number < len(pieces):
        text = bare[number]
        rule = None
        if text and verdicts[number].rule is None:
            rule = next((r for r in by_match("block") if takes(r, text)), None) or _opened_block(pieces[number])
        elif pieces[number].grid is not None and not _reads_as_sentence(pieces[number]):
            # The heading may be the first row of a table of links.
            opening = "".join(pieces[number].text.split("\n", 1)[0].split())
            rule = next((r for r in by_match("block") if takes(r, opening)), None)
        number += 1
        if rule is None:
            continue
        verdicts[number - 1].rule = rule.name
        while number < len(pieces):
            piece = pieces[number]
            if verdicts[number].rule is not None:
                number += 1
                continue
            if (
                piece.linked >= 0.6 * len(piece.text) and not NAMES_A_FILE.search(piece.text)
            ) or _NOTHING_LISTED.fullmatch(bare[number]):
                verdicts[number].rule = rule.name
                number += 1
                continue
            break


_SHORTEST_LIST = 4


def _link_lists(pieces: Sequence[Piece], bare: Sequence[str], verdicts: Sequence[Verdict], tail: int) -> None:
    """Runs of links behind the body with the heading above, unless attachments have been named."""
    run: list[int] = []
    for number in range(tail, len(pieces) + 1):
        if number < len(pieces) and verdicts[number].rule is not None:
            continue
        piece = pieces[number] if number < len(pieces) else None
        if piece is not None and "附件" in bare[number]:
            return
        if piece is not None and piece.grid is None and piece.linked >= 0.6 * len(piece.text):
            if NAMES_A_FILE.search(piece.text):
                return
            run.append(number)
            continue
        above = run[0] - 1 if run else 0
        if run and above >= tail and verdicts[above].rule is None and pieces[above].tag in _HEADING_TAGS:
            run.append(above)
        if len(run) >= _SHORTEST_LIST:
            for listed in run:
                verdicts[listed].rule = "link_list"
        run = []


_HEADING_TAGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_NOTHING_LISTED = re.compile(
    r"[（(]?(?:暂无|暂时没有|没有找?到?|无)(?:相关|关联|任何)*(?:信息|内容|数据|文章|解读|文件|链接|资料)*[!！。）)]?"
)


def _opened_block(piece: Piece) -> Rule | None:
    """The rule that fits the label of a line whose rest is a link: ``解读链接：《…》解读``."""
    if not piece.linked:
        return None
    colon = COLON.search(piece.text)
    if colon is None or NAMES_A_FILE.search(piece.text) or piece.linked < 0.9 * (len(piece.text) - colon.end()):
        return None
    opening = "".join(piece.text[: colon.end()].split())
    return next((rule for rule in by_match("block") if takes(rule, opening)), None)


def _line_ends(pieces: Sequence[Piece], verdicts: list[Verdict], tail: int) -> None:
    for number in range(max(0, tail - 1), len(pieces)):
        piece = pieces[number]
        if piece.grid is not None or verdicts[number].rule is not None:
            continue
        for rule in by_match("line_end"):
            if rule.pattern is None or (rule.holds and not any(mark in piece.text for mark in rule.holds)):
                continue
            for match in rule.pattern.finditer(piece.text):
                before = piece.text[: match.start()].rstrip()
                if match.end() == len(piece.text) and before and before[-1] in _STOPS and len(match[0]) <= rule.longest:
                    verdicts[number] = Verdict(rule.name, len(before))


def _titles(bare: Sequence[str], verdicts: Sequence[Verdict], context: Context, head: int) -> None:
    """The first one to five open lines that spell a title, and the document number behind them."""
    titles = {name for title in context.titles if len(name := _plain(title)) >= 6}
    number_line = _plain(context.doc_number or "")
    open_lines = [n for n in range(min(len(bare), max(head, 1))) if verdicts[n].rule is None and bare[n]][:12]
    plain = {n: _plain(bare[n]) for n in open_lines}
    for start in range(len(open_lines)):
        joined = ""
        for size in range(1, 6):
            if start + size > len(open_lines):
                break
            joined += plain[open_lines[start + size - 1]]
            # A body that is its title and a list of files keeps the title.
            if joined in titles and _others(bare, verdicts) > size:
                for n in open_lines[start : start + size]:
                    verdicts[n].rule = "title_repeated"
                break
    for n in open_lines:
        if number_line and verdicts[n].rule is None and plain[n] == number_line:
            verdicts[n].rule = "doc_number_line"


def _others(bare: Sequence[str], verdicts: Sequence[Verdict]) -> int:
    """Lines that are left, but for those that name a file."""
    return sum(
        verdict.rule is None
        and not (text.startswith("附件") or ("." in text and NAMES_A_FILE.search(text) is not None))
        for text, verdict in zip(bare, verdicts, strict=True)
    )


_PUNCTUATION = re.compile(r"[\s“”\"'‘’《》〈〉<>（）()\[\]【】〔〕:：,，、.。·—\-–_|]+")


def _plain(text: str) -> str:
    return _PUNCTUATION.sub("", text)


def _info_lines(
    pieces: Sequence[Piece], verdicts: Sequence[Verdict], info: list[InfoLine], head: int, tail: int, *, dated: bool
) -> None:
    titled = max((n for n in range(head) if verdicts[n].rule == "title_repeated"), default=-1)
    opening = next((n for n in range(titled + 1, len(verdicts)) if verdicts[n].rule is None), 0)
    for number, piece in enumerate(pieces):
        if verdicts[number].rule is not None or head <= number < tail or len(piece.text) > 200:
            continue
        line = _info_of(piece)
        if line is None or not _useful(line):
            continue
        labelled = any(label for _, label, _ in line.values)
        # A bare date at the tail is the date of signature: body.
        if not labelled and number >= tail:
            continue
        if not labelled and _DAY_IN_WORDS.fullmatch("".join(piece.text.split())):
            # The document's own, under its title or its first lines, where the release is stated or the text has begun.
            dated = dated or any(name == "released" for known in info for name, _, _ in known.values)
            if dated or _begun(pieces[:number], verdicts):
                continue
        if number < head and {label for _, label, _ in line.values} <= {"时间", "日期"} and number > opening + 1:
            continue  # a notice states the time of a meeting in the same words
        if number >= tail and not any(
            name in ("source", "counter", "released", "updated") and label not in ("时间", "日期", "发布")
            for name, label, _ in line.values
        ):
            continue
        verdicts[number].rule = "info_line"
        info.append(line)
    if info and head < len(pieces):
        # The same facts once more without their labels, for small screens.
        said = {"".join(v.split()) for line in info for name, _, v in line.values if name in ("source", "publisher")}
        for number in range(head):
            if verdicts[number].rule is None and "".join(pieces[number].text.split()) in said:
                verdicts[number].rule = "info_line"


def _begun(above: Sequence[Piece], verdicts: Sequence[Verdict]) -> bool:
    """Whether a line that stays ends as a salutation or a sentence."""
    return any(
        verdict.rule is None and piece.text.endswith(("。", "："))
        for piece, verdict in zip(above, verdicts[: len(above)], strict=True)
    )


_DAY_IN_WORDS = re.compile(r"[（(]?(?:19|20)\d\d年\d{1,2}月\d{1,2}日[）)]?")


def _metadata_grids(pieces: Sequence[Piece], verdicts: Sequence[Verdict], title_at: int | None) -> None:
    labels = table_labels()
    opens, openings = long_labels(), label_openings()
    for number, piece in enumerate(pieces[:6]):
        if piece.grid is None or verdicts[number].rule is not None:
            continue
        cells = [bare_label(cell) for line in piece.grid.lines for cell in line.split("\t")]
        known = sum(cell[:1] in openings and (cell in labels or cell.startswith(opens)) for cell in cells)
        if known >= 3 and known >= 0.3 * len(cells):
            verdicts[number].rule = "metadata_table"
    # The same catalogue entry as lines: 索引号：… 发布机构：…
    labelled = []
    for n, piece in enumerate(pieces[:_LONGEST_ENTRY]):
        if piece.grid is not None or verdicts[n].rule is not None:
            continue
        if _opening_label(piece.text) in labels and not is_release_line(piece.text):
            labelled.append(n)
        elif _reads_as_sentence(piece):
            break
    # The title parts the entry from the info line under it.
    before = [n for n in labelled if title_at is not None and pieces[n].first < title_at]
    for run in (before, labelled[len(before) :]):
        # What stands above the entry's first own label may be the info line, one fact a line.
        while run and line_labels().get(_opening_label(pieces[run[0]].text)) in SHARED_FIELDS:
            run.pop(0)
        if len(run) >= 3 and any(
            _opening_label(pieces[n].text) in ("索引号", "信息索引号", "发文字号", "文号") for n in run
        ):
            for n in run:
                verdicts[n].rule = "metadata_table"


_LONGEST_ENTRY = 24
"""Lines from the head of the container within which a catalogue entry may stand."""
_LABEL = re.compile(r"\s*[\[【〔]([^\[\]【】〔〕]{2,12})[\]】〕]|([^:：]{1,20})[:：]")


def _opening_label(text: str) -> str:
    """With what a short line begins, up to its colon or in brackets, without white space; ``""`` where it has none."""
    match = _LABEL.match(text) if len(text) < 200 else None
    return canonical_label(bare_label(match[1] or match[2])) if match else ""


def _second_copy(bare: Sequence[str], verdicts: Sequence[Verdict]) -> None:
    """Lines that repeat, in order, the run that began at an earlier long line."""
    anchors: dict[str, int] = {}
    for number, text in enumerate(bare):
        if len(text) < 40 or verdicts[number].rule is not None:
            continue
        start = anchors.setdefault(text, number)
        if start == number:
            continue
        length = number - start
        first = [t for t in bare[start:number] if len(t) >= 10]
        again = {t for t in bare[number:] if len(t) >= 10}
        if len(first) >= 2 and sum(t in again for t in first) >= 0.9 * len(first) and length >= 2:
            run = set(bare[:number])
            for n in range(number, len(bare)):
                if bare[n] and bare[n] in run:
                    verdicts[n].rule = "second_copy"
            return
