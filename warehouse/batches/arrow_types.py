"""Arrow types of the domain's dataclasses, and their instances as Arrow reads them.

The types are derived from ``scrapers.records``, so a field added there is a field in the batch file. The mapping:

=========================  ==============================================
``str``, ``StrEnum``       ``string``
``int`` / ``float``        ``int64`` / ``double``
``bool``                   ``bool``
``date`` / ``datetime``    ``date32`` / ``timestamp[us, UTC]``
``tuple[X, ...]``          ``list<X>``
``tuple[str, str]``        ``struct<name: string, value: string>``
``Mapping[str, str]``      ``map<string, string>``
dataclass                  ``struct`` of its fields, in their order
``X | None``               nullable ``X``
=========================  ==============================================
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import pyarrow as pa

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_SCALARS: Mapping[type, pa.DataType] = {
    str: pa.string(),
    bool: pa.bool_(),
    int: pa.int64(),
    float: pa.float64(),
    datetime: pa.timestamp("us", tz="UTC"),
    date: pa.date32(),
}
_PAIR = pa.struct([("name", pa.string()), ("value", pa.string())])


@cache
def arrow_type(hint: Any) -> pa.DataType:
    """The Arrow type of a type hint as used in ``scrapers.records``; ``TypeError`` for a hint without a mapping."""
    if hint in _SCALARS:
        return _SCALARS[hint]
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return pa.string()
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        hints = get_type_hints(hint)
        return pa.struct([(field.name, arrow_type(hints[field.name])) for field in dataclasses.fields(hint)])
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        present = [argument for argument in arguments if argument is not NoneType]
        if len(present) == 1:
            return arrow_type(present[0])
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        return pa.list_(arrow_type(arguments[0]))
    if origin is tuple and arguments == (str, str):
        return _PAIR
    if origin is Mapping and arguments == (str, str):
        return pa.map_(pa.string(), pa.string())
    raise TypeError(f"no Arrow type for {hint!r}: add the mapping to warehouse/batches/arrow_types.py")


def arrow_array(records: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """``records`` (dataclasses of that ``arrow_type``, or ``None``) as one array.

    A lone surrogate (half a character, as broken JSON escapes give it) has no UTF-8 form: it is written as U+FFFD.
    """
    convert = _converter(kind, clean=False)
    try:
        return pa.array([None if record is None else convert(record) for record in records], type=kind)
    except UnicodeEncodeError:
        # Looking at every string costs as much as all the rest, and hardly any batch has such a character.
        convert = _converter(kind, clean=True)
        return pa.array([None if record is None else convert(record) for record in records], type=kind)


_Convert = Callable[[Any], Any]


@cache
def _converter(kind: pa.DataType, *, clean: bool) -> _Convert:
    """A function that brings a value that is not ``None`` into the form ``pyarrow`` takes for ``kind``."""
    if pa.types.is_string(kind):
        return _cleaned if clean else _as_is
    if kind == _PAIR:
        text = _converter(pa.string(), clean=clean)
        return lambda pair: {"name": text(pair[0]), "value": text(pair[1])}
    if pa.types.is_struct(kind):
        return _struct_converter(kind, clean=clean)
    if pa.types.is_list(kind):
        item = _converter(kind.value_type, clean=clean)
        return list if item is _as_is else lambda values: [item(value) for value in values]
    if pa.types.is_map(kind):
        key, value = _converter(kind.key_type, clean=clean), _converter(kind.item_type, clean=clean)
        return lambda mapping: [(key(name), value(item)) for name, item in mapping.items()]
    return _as_is


def _struct_converter(kind: pa.DataType, *, clean: bool) -> _Convert:
    names = [field.name for field in kind]
    values = attrgetter(*names)
    changed = [
        (name, convert)
        for name, convert in ((f.name, _converter(f.type, clean=clean)) for f in kind)
        if convert is not _as_is
    ]

    def convert_struct(record: Any) -> dict[str, Any]:
        # attrgetter of a single name gives the value itself, of several a tuple
        made = dict(zip(names, values(record) if len(names) > 1 else (values(record),), strict=True))
        for name, convert in changed:
            if made[name] is not None:
                made[name] = convert(made[name])
        return made

    return convert_struct


def _as_is(value: Any) -> Any:
    return value


def _cleaned(text: str) -> str:
    return text if text.isascii() else _LONE_SURROGATE.sub("\ufffd", text)
