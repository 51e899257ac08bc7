from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from editloupe.editors.replay import Replay
from editloupe.errors import ConfigError
from editloupe.records import EditRequest, Failure
from editloupe.store.filenames import safe_name
from pictures import REFUSED, TRUNCATED, gradient, png, sample


def replay(images):
    return Replay(Replay.Options(images=str(images)))


def edit(editor, *samples):
    return editor.edit([EditRequest(one, seed=0) for one in samples])


def put(path, data=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png() if data is None else data)
    return path


@pytest.mark.parametrize(
    "name",
    [
        "physical/a.png",
        "physical/a_primary.png",
        "物理/a.jpg",
        "物理/a_primary.jpeg",
        "a.webp",
        "a_primary.png",
    ],
)
def test_a_folder_is_searched_under_every_usual_name(name, tmp_path):
    form = {"png": "PNG", "jpg": "JPEG", "jpeg": "JPEG", "webp": "WEBP"}[name.rpartition(".")[2]]
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    gradient(44, 20).save(path, form)
    editor = replay(tmp_path)
    assert editor.inputs(sample()) == (path,)
    assert edit(editor, sample())[0].size == (44, 20)


def test_the_english_category_is_preferred_to_the_chinese_and_both_to_flat(tmp_path):
    flat, chinese = put(tmp_path / "a.png"), put(tmp_path / "物理" / "a.png")
    assert replay(tmp_path).inputs(sample()) == (chinese,)
    english = put(tmp_path / "physical" / "a.png")
    assert replay(tmp_path).inputs(sample()) == (english,)
    assert flat.exists()


def test_a_pattern_uses_categories_and_groups(tmp_path):
    path = put(tmp_path / "zh" / "物理" / "a-out.png")
    editor = replay(tmp_path / "{language}" / "{category_zh}" / "{sample}-out.png")
    assert editor.inputs(sample(groups={"language": "zh"})) == (path,)
    assert editor.inputs(sample(groups={"language": "en"})) == ()


def test_a_pattern_relative_to_the_working_folder_is_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    put(tmp_path / "a.png")
    assert replay("{sample}.png").inputs(sample()) == (tmp_path / "a.png",)


def test_a_group_that_a_sample_lacks_is_explained(tmp_path):
    editor = replay(tmp_path / "{language}" / "{sample}.png")
    assert editor.inputs(sample()) == ()
    (failure,) = edit(editor, sample())
    assert "{language}; sample 'a' has: category, category_zh, sample" in failure.message


def test_order_is_kept(tmp_path):
    for width in (20, 30, 25):
        put(tmp_path / f"{width}.png", png(width, 20))
    edited = edit(replay(tmp_path), *(sample(id=str(width)) for width in (30, 20, 25)))
    assert [image.width for image in edited] == [30, 20, 25]


def test_a_missing_image_is_never_the_source(tmp_path):
    (failure,) = edit(replay(tmp_path), sample())
    assert f"looked in {str(tmp_path)!r} for physical/a.png" in failure.message
    assert (failure.kind, failure.retryable) == ("missing-file", True)
    assert replay(tmp_path).inputs(sample()) == ()


def test_a_missing_folder_is_named_as_the_reason(tmp_path):
    (failure,) = edit(replay(tmp_path / "nowhere"), sample())
    assert "does not exist" in failure.message


def test_a_missing_image_takes_no_other_of_its_batch_with_it(tmp_path):
    put(tmp_path / "b.png", png(20, 20))
    first, second, third = edit(replay(tmp_path), sample(id="a"), sample(id="b"), sample(id="c"))
    assert (first.kind, second.size, third.kind) == ("missing-file", (20, 20), "missing-file")


@pytest.mark.parametrize("data", [*REFUSED.values(), *TRUNCATED.values()], ids=[*REFUSED, *TRUNCATED])
def test_a_broken_image_is_an_error(data, tmp_path):
    put(tmp_path / "a.png", data)
    (failure,) = edit(replay(tmp_path), sample())
    assert failure.kind == "bad-image"


@pytest.mark.parametrize("identifier", ["../secret", "b/../../secret", "../outputs-2/secret"])
@pytest.mark.parametrize("pattern", ["", "{sample}.png"])
def test_a_sample_cannot_reach_out_of_the_folder(identifier, pattern, tmp_path):
    put(tmp_path / "secret.png")
    put(tmp_path / "outputs-2" / "secret.png")
    (tmp_path / "outputs").mkdir()
    assert replay(tmp_path / "outputs" / pattern).inputs(sample(id=identifier, category="..")) == ()


def test_a_category_that_leads_out_is_refused_with_a_sentence(tmp_path):
    put(tmp_path / "secret.png")
    (tmp_path / "outputs").mkdir()
    editor = replay(tmp_path / "outputs" / "{category}" / "{sample}.png")
    (failure,) = edit(editor, sample(id="secret", category=".."))
    assert "leads out of the folder" in failure.message
    assert failure.kind == "missing-file"


def test_a_name_from_a_study_folder_is_found(tmp_path):
    name = safe_name("../../etc/x", set())
    path = put(tmp_path / "physical" / f"{name}.png")
    assert replay(tmp_path).inputs(sample(id="../../etc/x")) == (path,)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300), st.text(max_size=20))
def test_any_id_and_category_stay_inside(tmp_path_factory, identifier, category):
    root = Path("/nowhere/outputs")
    editor = replay(root)
    one = sample(id=identifier, category=category)
    assert all(path.startswith(f"{root}/") for path in editor._candidates(one))
    assert isinstance(edit(editor, one)[0], Failure)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("out/{category}.png", "does not hold {sample}"),
        ("out/{sample.__class__}.png", "plain names"),
        ("out/{sample!r}.png", "plain names"),
        ("out/{sample:>9}.png", "plain names"),
        ("out/{0}/{sample}.png", "plain names"),
        ("out/{}/{sample}.png", "plain names"),
        ("out/{sample", "cannot be read"),
    ],
)
def test_a_pattern_that_cannot_be_used_is_a_config_error(pattern, message):
    with pytest.raises(ConfigError, match=message):
        replay(pattern)


@pytest.mark.parametrize("form", ["png", "jpg", "jpeg", "webp"])
@pytest.mark.parametrize(
    "published",
    [
        "fullset/color_alter/en/k0",
        "1082",
        "images/causal_reasoning/causal_reasoning_1",
        "chemistry/7",
        "physical/a_primary",
    ],
)
def test_a_published_layout_is_tried_first_in_a_bare_folder(published, form, tmp_path):
    path = put(tmp_path / f"{published}.{form}")
    put(tmp_path / "physical" / "a.png")
    one = sample(extra={"outputs": ["elsewhere/x", published]})
    assert replay(tmp_path).inputs(one) == (path,)
    assert replay(tmp_path / "{category}" / "{sample}.png").inputs(one) == (tmp_path / "physical" / "a.png",)
    path.unlink()
    assert replay(tmp_path).inputs(one) == (tmp_path / "physical" / "a.png",)


@pytest.mark.parametrize("published", ["../secret", "/etc/secret", "a/../../secret"])
def test_a_published_layout_cannot_lead_out_of_the_folder(published, tmp_path):
    put(tmp_path / "secret.png")
    (tmp_path / "outputs").mkdir()
    assert replay(tmp_path / "outputs").inputs(sample(extra={"outputs": [published]})) == ()


def test_the_source_beside_an_edit_is_never_taken(tmp_path):
    put(tmp_path / "fullset" / "color_alter" / "en" / "k0_SRCIMG.png")
    put(tmp_path / "physical" / "a_SRCIMG.png")
    one = sample(id="a_SRCIMG", extra={"outputs": ["fullset/color_alter/en/k0_SRCIMG", "fullset/color_alter/en/k0"]})
    assert replay(tmp_path).inputs(one) == ()
    assert replay(tmp_path / "{category}" / "{sample}.png").inputs(one) == ()
