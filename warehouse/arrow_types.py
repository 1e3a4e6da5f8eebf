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
from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from functools import cache
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
    raise TypeError(f"no Arrow type for {hint!r}: add the mapping to warehouse/arrow_types.py")


def arrow_value(value: Any, kind: pa.DataType) -> Any:
    """``value`` (a record, or a part of one) as ``pyarrow`` takes it for ``kind``.

    A lone surrogate (half a character, as broken JSON escapes give it) has no UTF-8 form: it is written as U+FFFD.
    """
    if value is None:
        return None
    if pa.types.is_string(kind):
        text = str(value)
        return text if text.isascii() else _LONE_SURROGATE.sub("\ufffd", text)
    if pa.types.is_struct(kind):
        if isinstance(value, tuple):
            return {kind[i].name: arrow_value(part, kind[i].type) for i, part in enumerate(value)}
        return {field.name: arrow_value(getattr(value, field.name), field.type) for field in kind}
    if pa.types.is_list(kind):
        return [arrow_value(item, kind.value_type) for item in value]
    if pa.types.is_map(kind):
        return [(arrow_value(key, kind.key_type), arrow_value(item, kind.item_type)) for key, item in value.items()]
    return value
