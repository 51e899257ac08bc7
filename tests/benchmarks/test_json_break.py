import io
import json
from contextlib import suppress

import ijson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from editloupe.benchmarks.json_break import find_break

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.floats(-1e9, 1e9) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


def broken_at(tmp_path, data):
    path = tmp_path / "data.json"
    path.write_bytes(data)
    found = find_break(path)
    return None if found is None else found[0]


@pytest.mark.parametrize(
    ("data", "offset"),
    [
        (b"", 0),
        (b"  ", 2),
        (b"[1, 2", 5),
        (b"[1,, 2]", 3),
        (b"[1,]", 3),
        (b'{"a": 1,}', 8),
        (b'{"a" 1}', 5),
        (b"{1: 2}", 1),
        (b"[1] x", 4),
        (b"[1]]", 3),
        (b"[1}", 2),
        (b"[01]", 2),
        (b"[-]", 2),
        (b"[1.]", 3),
        (b"[1e+]", 4),
        (b"[trux]", 4),
        (b"[tru", 4),
        (b"[nan]", 2),
        (b"[NaN]", 1),
        (b'["a\x01"]', 3),
        (b'["\\x"]', 3),
        (b'["\\u12g4"]', 6),
        (b'["\\u12', 6),
        (b'["abc', 5),
        (b'["a\xff"]', 3),
        (b'["\xe7\x89', 4),
        ('["物理", x]'.encode(), 11),
        (b"\xef\xbb\xbf[1, x]", 7),
        (b"[1]\x00", 3),
    ],
)
def test_the_break_is_the_first_byte_that_cannot_be_right(data, offset, tmp_path):
    assert broken_at(tmp_path, data) == offset


def test_the_reason_is_a_sentence_for_people(tmp_path):
    path = tmp_path / "data.json"
    path.write_bytes(b'[{"a": 1} {"a": 2}]')
    assert find_break(path) == (10, "found b'{', expected a comma or the end of the list or object")


@settings(max_examples=100, deadline=None)
@given(VALUES, st.booleans())
def test_valid_json_has_no_break(tmp_path_factory, value, ascii_only):
    data = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "replace")
    assert broken_at(tmp_path_factory.getbasetemp(), data) is None


@settings(max_examples=100, deadline=None)
@given(st.lists(VALUES, min_size=1), st.data())
def test_a_truncated_list_breaks_at_its_end(tmp_path_factory, value, data):
    whole = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
    cut = data.draw(st.integers(0, len(whole) - 1))
    assert broken_at(tmp_path_factory.getbasetemp(), whole[:cut]) == cut


@settings(max_examples=200, deadline=None)
@given(VALUES, st.data())
def test_it_agrees_with_the_parser_on_what_is_broken(tmp_path_factory, value, data):
    whole = bytearray(json.dumps(value).encode())
    whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.sampled_from(list(b'x",:{}[]0-.e\\ \x01')))
    try:
        list(ijson.basic_parse(io.BytesIO(bytes(whole))))
        broken = False
    except ijson.JSONError as error:
        if "overflow" in str(error):  # a size, not the grammar
            return
        broken = True
    except UnicodeDecodeError:  # half a character written as an escape: the grammar allows it
        return
    offset = broken_at(tmp_path_factory.getbasetemp(), bytes(whole))
    # The parser looks no further than the end of the value; what stands after it is found by the scan alone.
    assert offset is not None or not broken
    with suppress(ValueError):
        json.loads(bytes(whole))
        assert offset is None
