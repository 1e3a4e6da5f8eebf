"""What list pages state in scripts: comments taken away, calls and literals read, nothing run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

Literal = "str | int | float | bool | None | Name | list[object] | dict[str, object]"

_COMMENT = re.compile(
    r"""(?P<text>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)"""
    r"|/\*.*?(?:\*/|\Z)|//[^\n]*|<!--[^\n]*|^\s*-->[^\n]*",
    re.DOTALL | re.MULTILINE,
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": ""}
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w$])")
_WORD = re.compile(r"[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*")
_SPACE = re.compile(r"\s*")
_CONSTANTS: dict[str, bool | None] = {
    "true": True, "false": False, "null": None, "undefined": None, "None": None, "True": True, "False": False,
}  # fmt: skip
_DEEPEST = 60


@dataclass(frozen=True, slots=True)
class Name:
    """An identifier or any expression that is no literal, as written."""

    text: str


def without_comments(script: str) -> str:
    """``script`` with ``//``, ``/* */`` and ``<!--`` comments taken away; text inside quotes is left alone.

    A script opens its guard with ``<!--`` and closes it with ``//-->``: to the browser each is a comment to the end
    of its line, so that a call on the next line is in force.
    """
    return _COMMENT.sub(lambda match: match["text"] if match["text"] is not None else " ", script)


def calls(script: str, name: str, scope: str | None = None) -> Iterator[tuple[object, ...]]:
    """Arguments of each call of the function ``name`` (a regular expression, case ignored); definitions are no calls.

    Comments must be gone already. Arguments that are no literals come as ``Name``; a variable that ``scope`` (all
    scripts of the page; else this one) sets to a literal is replaced by its value.
    """
    scope = script if scope is None else scope
    for match in re.finditer(rf"(?<![\w$])(?:{name})\s*\(", script, re.IGNORECASE):
        before = script[max(0, match.start() - 40) : match.start()]
        if re.search(r"function\s+$", before):
            continue
        arguments, _ = _items(script, match.end(), ")", 0)
        yield tuple(_resolved(scope, argument) for argument in arguments)


def literals(script: str, opening: str) -> Iterator[object]:
    """Every literal that follows a match of the regular expression ``opening`` (``dataStore\\s*=``)."""
    for match in re.finditer(opening, script):
        yield _value(script, match.end(), 0)[0]


def literal(text: str) -> object:
    """One literal: JSON, a JavaScript object with bare keys or single quotes, or a Python one."""
    return _value(text, 0, 0)[0]


def literal_at(text: str, at: int) -> tuple[object, int]:
    """The literal that begins at ``at``, and where it ends."""
    return _value(text, at, 0)


def variable(script: str, name: str) -> object:
    """Last literal that ``script`` gives the variable ``name``; ``None`` where it gives none."""
    found: object = None
    for match in re.finditer(rf"(?<![\w$.]){re.escape(name)}\s*=(?!=)", script):
        value, end = _value(script, match.end(), 0)
        if not isinstance(value, Name) and re.match(r"\s*(?:[;,\n}]|$|//|var\b)", script[end : end + 4] or ";"):
            found = value
    return found


def whole_number(value: object) -> int | None:
    """A count however it is written: ``55``, ``"1089"``, ``714.0``; anything else is ``None``."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if value >= 0 else None
    if isinstance(value, float):
        return int(value) if value >= 0 and value == value // 1 else None
    if isinstance(value, str):
        match = re.fullmatch(r"\s*(\d{1,9})(?:\.0*)?\s*", value)
        return int(match[1]) if match else None
    return None


def flat(value: object) -> dict[str, object]:
    """Keys of an object and of the objects in it, in lower case; an outer key wins over an inner one."""
    found: dict[str, object] = {}
    if isinstance(value, dict):
        for inner in value.values():
            if isinstance(inner, dict):
                found.update(flat(inner))
        found.update({key.lower(): item for key, item in value.items() if not isinstance(item, dict)})
    return found


def _resolved(script: str, value: object) -> object:
    if isinstance(value, Name) and re.fullmatch(r"[A-Za-z_$][\w$]*", value.text):
        known = variable(script, value.text)
        return value if known is None else known
    return value


def _value(text: str, at: int, depth: int) -> tuple[object, int]:
    at = _skip(text, at)
    if at >= len(text) or depth > _DEEPEST:
        return Name(""), len(text)
    mark = text[at]
    if mark in "\"'`":
        return _string(text, at)
    if mark == "[":
        return _items(text, at + 1, "]", depth + 1)
    if mark == "{":
        return _object(text, at + 1, depth + 1)
    number = _NUMBER.match(text, at)
    if number:
        written = number.group()
        is_whole = written.lstrip("+-").isdigit() and len(written) < 20
        return int(written) if is_whole else float(written), number.end()
    word = _WORD.match(text, at)
    if word and word.group() in _CONSTANTS:
        return _CONSTANTS[word.group()], word.end()
    end = _expression_end(text, at)
    return Name(text[at:end].strip()), end


def _string(text: str, at: int) -> tuple[str, int]:
    quote, pieces, at = text[at], [], at + 1
    while at < len(text) and text[at] != quote:
        if text[at] == "\\" and at + 1 < len(text):
            escape = text[at + 1]
            code = re.compile(r"u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})").match(text, at + 1)
            if code:
                pieces.append(chr(int(code[1] or code[2], 16)))
                at = code.end()
                continue
            pieces.append(_ESCAPES.get(escape, escape))
            at += 2
            continue
        pieces.append(text[at])
        at += 1
    found = "".join(pieces)
    if any("\ud800" <= letter <= "\udfff" for letter in found):  # an escaped pair is one letter; half a pair is none
        found = found.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return found, min(at + 1, len(text))


def _items(text: str, at: int, closing: str, depth: int) -> tuple[list[object], int]:
    found: list[object] = []
    while True:
        at = _skip(text, at)
        if at >= len(text) or text[at] == closing:
            return found, min(at + 1, len(text))
        if text[at] == ",":
            at += 1
            continue
        value, end = _value(text, at, depth)
        after = _skip(text, end)
        if after < len(text) and text[after] not in "," + closing:  # "index" + ext, a ? b : c ...
            end = _expression_end(text, end)
            value = Name(text[at:end].strip())
        found.append(value)
        at = max(end, at + 1)


def _object(text: str, at: int, depth: int) -> tuple[dict[str, object], int]:
    found: dict[str, object] = {}
    while True:
        at = _skip(text, at)
        if at >= len(text) or text[at] == "}":
            return found, min(at + 1, len(text))
        if text[at] == ",":
            at += 1
            continue
        if text[at] in "\"'":
            key, end = _string(text, at)
        else:
            bare = re.compile(r"[\w$.-]+").match(text, at)
            key, end = (bare.group(), bare.end()) if bare else ("", at + 1)
        end = _skip(text, end)
        if end < len(text) and text[end] == ":":
            value, after = _value(text, end + 1, depth)
            beyond = _skip(text, after)
            if beyond < len(text) and text[beyond] not in ",}":
                after = _expression_end(text, after)
                value = Name(text[end + 1 : after].strip())
            found[key] = value
            end = after
        at = max(end, at + 1)


def _expression_end(text: str, at: int) -> int:
    """Where the expression at ``at`` ends: the next comma or closing bracket on its own level."""
    depth = 0
    while at < len(text):
        mark = text[at]
        if mark in "\"'`":
            _, at = _string(text, at)
            continue
        if mark in "([{":
            depth += 1
        elif mark in ")]}":
            if depth == 0:
                return at
            depth -= 1
        elif mark in ",;" and depth == 0:
            return at
        at += 1
    return at


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at
