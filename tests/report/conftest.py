import pytest
from PIL import Image


@pytest.fixture
def folder(tmp_path):
    """A study folder with the two pictures of `small_study`."""
    (tmp_path / "images").mkdir()
    for name, color in (("source", "white"), ("edit", "navy")):
        Image.new("RGB", (64, 64), color).save(tmp_path / "images" / f"{name}.png")
    return tmp_path
