"""While a study runs, what libraries say goes to its log and not to the terminal."""

import logging
import warnings

import pytest

from editloupe.progress.bars import logging_to


@pytest.fixture
def library():
    """The logger of a library, which nobody has imported yet."""
    logger = logging.getLogger("diffusers")
    before = logger.handlers[:], logger.propagate
    logger.handlers.clear()
    yield logger
    logger.handlers[:], logger.propagate = before


def test_libraries_and_warnings_go_to_the_log(tmp_path, capsys, library):
    path = tmp_path / "log.txt"
    with logging_to(path):
        library.addHandler(logging.StreamHandler())  # as the libraries do when they are imported
        logging.getLogger("diffusers.pipelines").warning("a prompt is too long")
        logging.getLogger("ray").error("a node is gone")
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn("a kernel is slow", stacklevel=1)
    said = capsys.readouterr()
    assert said.out + said.err == ""
    kept = path.read_text()
    assert all(words in kept for words in ("a prompt is too long", "a node is gone", "a kernel is slow"))


def test_afterwards_the_libraries_speak_for_themselves(tmp_path, capsys, library):
    with logging_to(tmp_path / "log.txt"):
        library.addHandler(logging.StreamHandler())
    logging.getLogger("diffusers.pipelines").warning("after the study")
    assert capsys.readouterr().err == "after the study\n"
    assert "after" not in (tmp_path / "log.txt").read_text()
