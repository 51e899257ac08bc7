"""The embedded judge over HTTP gives what a study of the same pairs gives: alone, batched, to many clients at once."""

import json
import threading

import pytest
from typer.testing import CliRunner

from editloupe.cli import app
from editloupe.client import Client, Item
from editloupe.serve.limits import Limits
from editloupe.serve.recall import Recall
from editloupe.serve.service import Service
from editloupe.serve.settings import load_served
from editloupe.study import run_study
from served import running, until

CONFIG = """
benchmark: {name: shapes, limit: 6}
editors: [{type: procedural, name: skilled, skill: 0.8}, {type: identity}]
judge: {type: transformers, model: nano, max_new_tokens: 64}
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A study that has run: its config, and its pairs with their scores."""
    folder = tmp_path_factory.mktemp("study")
    path = folder / "study.yaml"
    path.write_text(CONFIG)
    results = run_study(load_served(str(path), out=str(folder / "study")))
    samples = {}
    for line in (folder / "study" / "verdicts.jsonl").read_text().splitlines():
        verdict = json.loads(line)
        samples[verdict["editor"], verdict["sample"]] = verdict
    pairs = []
    config = load_served(str(folder / "study"))
    rationales = {sample.id: sample.rationale for sample in config.benchmark.make().samples(_Store())}
    for one in results.verdicts:
        before, after = folder / "study" / one.sources[0], folder / "study" / one.image
        told = Item([before], after, one.instruction, category=one.category, rationale=rationales[one.sample])
        pairs.append((told, one.score))
    return path, folder / "study", pairs


class _Store:
    def put(self, data):
        return None


@pytest.fixture(scope="module")
def url(study):
    with Service(load_served(str(study[0])), limits=Limits(), wait=0.05) as service, running(service) as url:
        until(lambda: not service.not_ready, 120)
        yield url


def test_alone(study, url):
    with Client(url, items_at_once=1, requests_at_once=1) as client:
        assert client.rewards([item for item, _ in study[2]]) == [score for _, score in study[2]]


def test_batched(study, url):
    with Client(url) as client:
        assert client.rewards([item for item, _ in study[2]]) == [score for _, score in study[2]]


def test_sixty_four_clients_at_once(study, url):
    found = {}

    def call(number):
        with Client(url) as client:
            found[number] = client.rewards([study[2][number % len(study[2])][0]])[0]

    threads = [threading.Thread(target=call, args=(number,)) for number in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: study[2][number % len(study[2])][1] for number in range(64)}


def test_a_study_s_own_ledger_answers_without_a_forward_pass(study):
    config = load_served(str(study[0]))
    with (
        Recall(study[1]) as recall,
        Service(config, limits=Limits(), recall=recall) as service,
        running(service) as url,
        Client(url) as client,
    ):
        assert client.rewards([item for item, _ in study[2]]) == [score for _, score in study[2]]
        computed = service.measures.questions.labels("model")
        assert computed._value.get() <= 2  # the canary's


def test_one_edit_from_the_shell(study, url, tmp_path):
    item, _ = study[2][0]
    words = ["score", str(item.sources[0]), str(item.edited), item.instruction, "--category", item.category]
    here = CliRunner().invoke(app, [*words, "--config", str(study[0]), "--json", str(tmp_path / "here.json")])
    there = CliRunner().invoke(app, [*words, "--url", url, "--json", str(tmp_path / "there.json")])
    assert (here.exit_code, there.exit_code) == (0, 0)
    assert here.stdout == there.stdout
    assert "overall  " in here.stdout
    assert json.loads((tmp_path / "here.json").read_text()) == json.loads((tmp_path / "there.json").read_text())
