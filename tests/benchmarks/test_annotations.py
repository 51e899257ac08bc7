import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from editloupe.benchmarks.annotations import flag, keyed_items, listed_items, names, words
from editloupe.errors import DataError, ItemError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=4), JSON), max_size=5))
def test_no_pair_of_an_object_is_lost(tmp_path_factory, pairs):
    path = tmp_path_factory.mktemp("json") / "a.json"
    body = ",".join(f"{json.dumps(key)}:{json.dumps(value)}" for key, value in pairs)
    path.write_text("{" + body + "}", encoding="utf-8")
    assert keyed_items(path) == pairs


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_file_is_read_or_refused_with_one_sentence(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("json") / "a.json"
    path.write_bytes(data)
    for read in (keyed_items, listed_items):
        try:
            assert isinstance(read(path), list)
        except DataError as error:
            assert "a.json" in str(error)
            assert "\n" not in str(error)


@settings(max_examples=100, deadline=None)
@given(JSON)
def test_any_value_of_a_field_is_text_names_or_an_item_error(value):
    try:
        assert words({"a": value}, "a") == (value or "").strip()
    except ItemError as error:
        assert error.kind == "bad-sample"
        assert not isinstance(value, str)
    try:
        assert all(names({"a": value}, "a"))
    except ItemError as error:
        assert error.kind == "bad-sample"


def test_a_byte_order_mark_and_empty_cells_are_fine(tmp_path):
    (tmp_path / "a.json").write_bytes(b"\xef\xbb\xbf[1]")
    assert listed_items(tmp_path / "a.json") == [1]
    assert words({"a": math.nan}, "a") == words({}, "a") == ""
    assert names({"a": math.nan}, "a") == ()


@pytest.mark.parametrize(
    ("value", "set_"),
    [
        *((value, True) for value in (True, "True", 1, "yes")),
        *((value, False) for value in (None, "", math.nan, False, "false", "0", 0)),
    ],
)
def test_a_mark_is_set_or_not(value, set_):
    assert flag(value) is set_
