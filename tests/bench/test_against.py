"""Two judges on the same work in one run: new pictures each round, turns that alternate, failures that are told."""

import json

import pytest
import yaml
from typer.testing import CliRunner

from editloupe.bench.against import bench_against
from editloupe.bench.comparison_view import comparison_markdown, comparison_table, comparison_workload
from editloupe.bench.work import edited_samples, never_seen
from editloupe.cli import app
from editloupe.config.parts import load_config
from editloupe.errors import ConfigError
from faulty import faulty
from worlds import make_config, make_table


@pytest.fixture(scope="module")
def paths(tmp_path_factory, tiny_checkpoint):
    folder = tmp_path_factory.mktemp("against")
    return make_config(folder, tiny_checkpoint, make_table(folder / "data")), folder


def against_server(paths, url, **judge):
    path = paths[1] / "other.yaml"
    data = yaml.safe_load(paths[0].read_text())
    data["judge"] = {"type": "openai", "model": "judge-1", "base_url": url, "answer": "choice", **judge}
    path.write_text(yaml.safe_dump(data))
    return path


def compared(config, other, **changes):
    settings = {"samples": 2, "image_size": 64, "new_tokens": [2, 3], "repeat": 2, "say": lambda _line: None}
    return bench_against(config, load_config(other).judge, **{**settings, **changes})


@pytest.fixture(scope="module")
def itself(paths):
    """A judge against the same checkpoint asked one by one."""
    config = load_config(paths[0])
    return compared(config, _one_by_one(paths))


def _one_by_one(paths):
    path = paths[1] / "one.yaml"
    data = yaml.safe_load(paths[0].read_text())
    data["judge"]["use_batch_inference"] = False
    path.write_text(yaml.safe_dump(data))
    return path


def test_every_kind_of_work_has_a_row_and_text_one_for_each_length(itself):
    names = [row.name for row in itself.rows]
    assert names == ["choice", "three metrics", "4 editors", "text of 2 tokens", "text of 3 tokens"]
    assert [row.questions for row in itself.rows] == [2, 6, 4, 2, 2]
    assert [one.reply_tokens for one in itself.rows[-1].rounds] == [6, 6]


def test_equal_judges_are_equal_and_take_turns(itself):
    for row in itself.rows:
        assert [one.first for one in row.rounds] == [0, 1]
        assert [one.identical for one in row.rounds] == [1.0, 1.0]
        assert row.ratio == pytest.approx(sum(row.ratios) / 2)
        for one in row.rounds:
            assert one.prompt_tokens == one.other_prompt_tokens
            assert one.largest_difference is None or one.largest_difference < 1e-5
    assert itself.rows[0].rounds[0].largest_difference is not None


def test_the_table_the_page_and_the_file_hold_the_same(itself):
    markdown = comparison_markdown(itself)
    for row in itself.rows:
        assert row.name in markdown
        assert f"{row.ratio:.2f}x" in markdown
    assert comparison_table(itself).row_count == len(itself.rows)
    assert "load before" in comparison_workload(itself)
    found = json.loads(json.dumps(itself.as_json()))
    assert found["rows"][0]["ratio"] == pytest.approx(itself.rows[0].ratio)
    assert len(found["rows"][0]["rounds"]) == 2


def test_no_two_rounds_show_a_server_the_same_picture(paths):
    with faulty() as server:
        compared(load_config(paths[0]), against_server(paths, server.url), new_tokens=[4])
    pictures = [
        part["image_url"]["url"]
        for _, body, _ in server.requests
        for message in body["messages"]
        if isinstance(message["content"], list)
        for part in message["content"]
        if part["type"] == "image_url"
    ]
    # In one round three metrics show each of 4 pictures three times, four editors one source four times.
    repeated = len(pictures) - len(set(pictures))
    assert repeated == 2 * (4 * 2 + 3)


def test_what_a_server_cannot_do_is_not_measured_and_the_rest_is(paths):
    def without_probabilities(_body, completion):
        completion["choices"][0].pop("logprobs", None)
        return 200, completion, {}

    with faulty(answer=without_probabilities) as server:
        found = compared(load_config(paths[0]), against_server(paths, server.url), new_tokens=[4], repeat=1)
    assert [row.failure is None for row in found.rows] == [False, False, False, True]
    assert "judge-1" in found.rows[0].failure
    assert "not measured" in comparison_markdown(found)
    assert "ratio" not in found.rows[0].as_json()


def test_replies_that_are_all_cut_off_are_measured(paths):
    def cut_off(body, completion):
        if not body.get("logprobs"):
            completion["choices"][0]["finish_reason"] = "length"
            completion["choices"][0]["message"]["content"] = "and then"
        return 200, completion, {}

    with faulty(answer=cut_off) as server:
        other = against_server(paths, server.url)
        found = compared(load_config(paths[0]), other, new_tokens=[3], repeat=1, samples=9)
    assert found.rows[-1].failure is None
    assert found.rows[-1].questions == 9


def test_one_server_on_both_sides_is_refused(paths):
    config = against_server(paths, "http://127.0.0.1:9/v1")
    with pytest.raises(ConfigError, match="what it remembers"):
        compared(load_config(config), config)


def test_new_pictures_differ_in_a_corner_only(paths):
    work = edited_samples(load_config(paths[0]), 2, 64)
    first, second = never_seen(work), never_seen(work)
    digests = {one.sample.sources[0].sha256 for made in (work, first, second) for one in made}
    assert len(digests) == 6


def test_the_command_prints_a_table_and_json_without_a_file_goes_to_standard_output(paths):
    command = ["bench", "judge", str(paths[0]), "--against", str(_one_by_one(paths)), "--samples", "2"]
    command += ["--image-size", "64", "--new-tokens", "3"]
    asked = CliRunner().invoke(app, [*command, "--json", "--repeat", "1"])
    assert asked.exit_code == 0, asked.output
    assert [row["name"] for row in json.loads(asked.stdout)["rows"]][-1] == "text of 3 tokens"
    assert "three metrics" in asked.stderr


def test_several_lengths_without_another_judge_are_refused(paths):
    asked = CliRunner().invoke(app, ["bench", "judge", str(paths[0]), "--new-tokens", "24,128"])
    assert asked.exit_code == 2
    assert "--against" in asked.output
