"""Short forms of names: what is shared goes, cuts fall in the middle, and no two names read the same."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from editloupe.report.short_names import WIDTH, cut, short_names

LAB = [f"our-lab/instruct-editor-{size}-step-{step}" for size in ("small", "large") for step in (1000, 2000, 3000)]


def test_names_that_fit_stay_whole():
    names = ["atlas", "brush", "sd-1", "sd-2", "our-lab/one", "our-lab/two"]
    assert short_names(names) == {name: name for name in names}


def test_a_shared_folder_goes_from_all_that_share_it():
    short = short_names([*LAB, "our-lab/tiny", "identity"])
    assert short[LAB[0]] == "editor-small-step-1000"
    assert short["our-lab/tiny"] == "tiny"
    assert short["identity"] == "identity"


def test_what_nobody_shares_is_cut_in_the_middle():
    (short,) = short_names(["a-model-that-was-trained-for-long-and-named-by-its-author-v2"]).values()
    assert cell_len(short) <= WIDTH
    assert short.startswith("a-model")
    assert short.endswith("author-v2")
    assert "…" in short


def test_a_number_alone_is_no_name():
    names = ["a-model-with-a-rather-long-name-1", "a-model-with-a-rather-long-name-2"]
    assert set(short_names(names).values()) == {"with-a-rather-long-name-1", "with-a-rather-long-name-2"}


def test_names_that_differ_in_the_middle_alone_stay_apart():
    names = [f"{'x' * 30}{middle}{'y' * 30}" for middle in "abc"]
    assert len(set(short_names(names).values())) == 3


def test_a_cut_counts_cells():
    assert cell_len(cut("指令图像编辑模型" * 6, 20)) <= 20


@given(
    st.lists(
        st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"]), min_size=1),
        unique_by=lambda one: " ".join(one.split()),
    )
)
def test_no_two_names_read_the_same(names):
    short = short_names(names)
    assert list(short) == names
    assert len(set(short.values())) == len({" ".join(one.split()) for one in names})


def test_a_cut_leaves_words_whole():
    assert cut("lightning-v8-with-lora-step-8000", 28) == "lightning…lora-step-8000"
