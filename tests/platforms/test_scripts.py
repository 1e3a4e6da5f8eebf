"""Literals of scripts are read, never run."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapers.platforms import scripts
from scrapers.platforms.answers import read_json
from scrapers.platforms.scripts import Name


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("{a: 1, 'b': \"x\", c: [1, 2.5, -3], d: {e: null}}", {"a": 1, "b": "x", "c": [1, 2.5, -3], "d": {"e": None}}),
        ("{'webId':'2945','editType':None,'on':True}", {"webId": "2945", "editType": None, "on": True}),
        (r"'it\'s \u6cd5\n'", "it's 法\n"),
        ("[1, 2,]", [1, 2]),
        ("{f: function(p){ return {a: [1, 2]}; }, b: 2}", {"f": Name("function(p){ return {a: [1, 2]}; }"), "b": 2}),
        ("{a: x.y, b: 'q' + z, c: 1}", {"a": Name("x.y"), "b": Name("'q' + z"), "c": 1}),
    ],
)
def test_a_literal_is_read_as_written(code: str, value: object) -> None:
    assert scripts.literal(code) == value


def test_comments_go_and_quoted_slashes_stay() -> None:
    code = "var a = 'http://x.test/';// gone\nvar b = 2; /* gone\n too */ <!-- gone\nvar c = \"//stays\";\n-->"
    left = scripts.without_comments(code)
    assert "gone" not in left
    assert "http://x.test/" in left
    assert "//stays" in left


def test_the_last_value_of_a_variable_counts_and_comparisons_do_not() -> None:
    assert scripts.variable("var n = 1; n = 3; if (n == 7) {}", "n") == 3
    assert scripts.variable("if(m==0){}", "m") is None


@pytest.mark.parametrize(("value", "number"), [(55, 55), ("1089", 1089), ("714.0", 714), (714.0, 714)])
def test_a_count_is_a_count_however_it_is_written(value: object, number: int) -> None:
    assert scripts.whole_number(value) == number


@pytest.mark.parametrize("value", [-1, "x", "", 7.5, True, None, [], float("inf"), float("nan")])
def test_anything_else_is_no_count(value: object) -> None:
    assert scripts.whole_number(value) is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(json_values)
def test_all_json_is_a_literal(value: object) -> None:
    assert scripts.literal(json.dumps(value)) == value


@given(st.text(alphabet="{}[]()'\",:;ab1.\\/*<!-\n =", max_size=60))
def test_no_script_raises(code: str) -> None:
    scripts.literal(code)
    scripts.variable(scripts.without_comments(code), "a")
    list(scripts.calls(code, "a"))


def test_json_is_read_behind_a_callback_and_with_raw_newlines() -> None:
    assert read_json('\ufeff result123({"data": [{"title": "一\n二"}]});\n') == {"data": [{"title": "一\n二"}]}
    assert read_json('{"py":\'###\',\n"docs":[]}') == {"py": "###", "docs": []}
    assert read_json("<html>") is None
    assert read_json("[" * 5000) is None or isinstance(read_json("[" * 5000), list)
