"""The engine `ray` on simulated clusters: several nodes with logical GPUs, whose processes are killed."""

import itertools
import os
import signal
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import ray

from editloupe.config.parts import EditorPart, JudgePart, WorkerSettings
from editloupe.errors import ConfigError, ModelLoadError
from editloupe.images import EncodedImage
from editloupe.planning import PlannedEdit, PlannedReply
from editloupe.progress.bars import StageProgress
from editloupe.records import EditRequest, Failure, ImageFile, ImagePart, Question, Reply, Sample
from editloupe.workers import actor_pool
from editloupe.workers.ray import RayEngine
from noting import CLOSED, Broken, Noting, NotingJudge, notes, picture

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def cluster():
    """A head without GPUs and two nodes with two logical GPUs each."""
    from ray.cluster_utils import Cluster

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    memory = 128 << 20
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "num_gpus": 0, "object_store_memory": memory})
    made.nodes_with_gpus = [made.add_node(num_cpus=2, num_gpus=2, object_store_memory=memory) for _ in range(2)]
    yield made
    made.shutdown()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "notes").mkdir()
    return tmp_path / "notes"


def settings(cluster, **changes):
    return WorkerSettings(engine="ray", address=cluster.address, **changes)


def plans(count, broken=()):
    made = []
    for number in range(count):
        name = f"s{number}"
        source = ImageFile(Path("/nowhere/gone.png"), "0" * 64) if name in broken else picture(number)
        made.append(
            PlannedEdit(f"key {name}", "noting", "noting", EditRequest(Sample(name, "c", "Do it.", (source,)), number))
        )
    return made


def watched(stage, count, look):
    """Progress that calls `look` with the workers' lines whenever the driver shows them, about once a second."""
    progress = StageProgress(stage, count, None)
    progress.workers = lambda lines, peak=None: look(lines)
    return progress


def processes(folder):
    return {pid for _, pid, *_ in notes(folder)}


def edit(where, folder, todo, *, batch_size=1, watch=lambda batch: None, progress=None, **options):
    part = EditorPart(
        type="noting",
        name="noting",
        batch_size=batch_size,
        plugin=Noting,
        options=Noting.Options(notes=str(folder), **options),
    )
    outcomes = {}
    progress = progress or StageProgress("edit", len(todo), None)
    with RayEngine(where) as engine:
        for batch in engine.edits(part, Noting(part.options), todo, progress):
            for done in batch:
                assert done.item.key not in outcomes
                outcomes[done.item.key] = done.outcome
            watch(batch)
    assert set(outcomes) == {plan.key for plan in todo}
    return {key.removeprefix("key "): outcome for key, outcome in outcomes.items()}


def gone(pids):
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


@pytest.mark.slow
def test_items_are_pulled_by_one_worker_per_gpu_and_the_workers_are_gone_afterwards(cluster, folder):
    shown = []

    def look(lines):
        shown.append(list(lines))
        if len(processes(folder)) == 4 and any("step 1/2" in line for line in lines):
            (folder / CLOSED).unlink(missing_ok=True)

    (folder / CLOSED).touch()  # all four have begun an item, and say so, before anyone ends one
    progress = watched("edit", 16, look)
    outcomes = edit(settings(cluster), folder, plans(16, broken=("s3",)), batch_size=2, progress=progress)
    missing = outcomes.pop("s3")
    assert (missing.kind, missing.retryable) == ("missing-file", True)
    assert all(isinstance(outcome, EncodedImage) for outcome in outcomes.values())
    assert [outcomes[f"s{number}"].truth for number in (0, 5, 12)] == [0.0, 5.0, 1.0]
    assert (outcomes["s0"].width, outcomes["s0"].height) == (32, 16)
    attempts = notes(folder)
    assert len(attempts) == 15  # nothing twice
    workers = {(pid, node, devices) for _, pid, node, devices in attempts}
    assert len(workers) == 4
    # Logical GPUs: each worker sees exactly one, and no two of a node see the same.
    assert sorted(devices for _, _, devices in workers) == ["0", "0", "1", "1"]
    assert len({(node, devices) for _, node, devices in workers}) == 4
    gone({pid for pid, _, _ in workers})
    assert not ray.is_initialized()
    assert max(len(lines) for lines in shown) == 4


@pytest.mark.slow
def test_a_poison_item_is_given_up_and_its_neighbours_are_not(cluster, folder):
    outcomes = edit(settings(cluster, devices=2), folder, plans(6), batch_size=3, poison=("s1",), seconds=0.05)
    assert [name for name, outcome in outcomes.items() if isinstance(outcome, Failure)] == ["s1"]
    assert outcomes["s1"].kind == "worker-died"
    assert outcomes["s1"].retryable
    attempts = [name for name, *_ in notes(folder)]
    assert attempts.count("s1") == 3
    assert all(attempts.count(f"s{number}") <= 2 for number in (0, 2, 3, 4, 5))


@pytest.mark.slow
def test_a_killed_process_is_replaced_and_what_it_had_finished_stays(cluster, folder):
    victims, received = [], []

    def receive(batch):
        received.extend(batch)
        if not victims and len(received) > 1:
            (folder / CLOSED).touch()  # the two come to a halt, each at an item of its own

    def look(_):
        if (folder / CLOSED).exists() and not victims and len(notes(folder)) == len(received) + 2:
            victims.append(notes(folder)[-1][1])
            os.kill(victims[0], signal.SIGKILL)
        if victims and len(processes(folder)) == 3:
            (folder / CLOSED).unlink(missing_ok=True)

    progress = watched("edit", 10, look)
    outcomes = edit(settings(cluster, devices=2), folder, plans(10), watch=receive, progress=progress)
    assert victims
    assert all(isinstance(outcome, EncodedImage) for outcome in outcomes.values())
    assert len(notes(folder)) == 11  # only the item at which it died is done again
    assert len(processes(folder)) == 3


@pytest.mark.slow
def test_a_device_that_is_lost_for_good_is_left_and_fails_one_item_only(cluster, folder):
    outcomes = edit(settings(cluster, devices=1), folder, plans(5), batch_size=2, breaks=("s1",))
    assert [name for name, outcome in outcomes.items() if isinstance(outcome, Failure)] == ["s1"]


@pytest.mark.slow
def test_a_hanging_item_is_given_up(cluster, folder, monkeypatch):
    """The driver's clock stands still until everything else is done, so that a slow machine is no hanging item."""
    received, ticks = [], itertools.count()
    clock = SimpleNamespace(monotonic=lambda: next(ticks) / 2 if len(received) > 2 else 0.0, sleep=time.sleep)
    monkeypatch.setattr(actor_pool, "time", clock)
    workers = settings(cluster, devices=2, timeout=1.0)
    outcomes = edit(workers, folder, plans(4), hang=("s2",), watch=received.extend)
    assert [name for name, outcome in outcomes.items() if isinstance(outcome, Failure)] == ["s2"]
    assert "longer than 1 seconds" in outcomes["s2"].message


@pytest.mark.slow
def test_questions_of_one_sample_go_to_one_replica(cluster, folder):
    options = NotingJudge.Options(notes=str(folder))
    part = JudgePart(type="noting", batch_size=1, plugin=NotingJudge, options=options)
    todo = []
    for metric in ("first", "second"):  # not side by side
        for number in range(12):
            question = Question("", (ImagePart("source", picture(number)),), f"s{number} {metric}")
            todo.append(PlannedReply(question.ask, "e", Sample(f"s{number}", "c", "Do it."), metric, question))

    def look(_):
        if len(processes(folder)) > 1:
            (folder / CLOSED).unlink(missing_ok=True)

    (folder / CLOSED).touch()  # the first replica must not answer everything before there is a second
    progress = watched("judge", len(todo), look)
    with RayEngine(settings(cluster)) as engine:
        batches = list(engine.replies(part, NotingJudge(part.options), todo, progress))
    answered = [done for batch in batches for done in batch]
    assert sorted(done.item.key for done in answered) == sorted(plan.key for plan in todo)
    assert all(isinstance(done.outcome, Reply) for done in answered)
    replica = {}
    for name, pid, *_ in notes(folder):
        replica.setdefault(name.split()[0], set()).add(pid)
    assert all(len(pids) == 1 for pids in replica.values())
    assert len(set.union(*replica.values())) > 1


@pytest.mark.slow
def test_workers_stay_for_what_is_asked_of_the_same_model_next(cluster, folder):
    """The passes of an audit: the same judge, other batches; another judge gets another worker."""
    options = NotingJudge.Options(notes=str(folder))
    part = JudgePart(type="noting", batch_size=1, plugin=NotingJudge, options=options)
    question = Question("", (ImagePart("source", picture(1)),), "ask")
    todo = [PlannedReply("k", "e", Sample("s", "c", "Do it."), "m", question)]
    progress = StageProgress("judge", 1, None)
    with RayEngine(settings(cluster, devices=1)) as engine:
        for changes in ({}, {"batch_size": 8}, {"use_batch_inference": False}):
            again = part.model_copy(update=changes)
            ((done,),) = engine.replies(again, NotingJudge(options), todo, progress)
            assert isinstance(done.outcome, Reply)
        (same,) = processes(folder)
        other = NotingJudge.Options(notes=str(folder), mood="stern")
        list(engine.replies(part.model_copy(update={"options": other}), NotingJudge(other), todo, progress))
        assert len(processes(folder)) == 2
        gone([same])
    gone(processes(folder))


@pytest.mark.slow
def test_a_model_that_cannot_be_built_is_said_once(cluster, folder):
    part = EditorPart(type="x", name="x", plugin=Broken, options=Broken.Options())
    broken, progress = SimpleNamespace(signature="x", one_process=None, pinned=None), StageProgress("edit", 1, None)
    with pytest.raises(ConfigError, match="no such model"), RayEngine(settings(cluster, devices=1)) as engine:
        list(engine.edits(part, broken, plans(1), progress))


@pytest.mark.slow
def test_weights_that_cannot_be_loaded_end_the_stage_at_once(cluster, folder):
    """Every worker would meet the same, so nobody is replaced and nothing is tried again."""
    todo = plans(8)
    with pytest.raises(ModelLoadError, match="the file is torn"):
        edit(settings(cluster, devices=1), folder, todo, batch_size=2, torn=True)
    assert len(notes(folder)) == 1


@pytest.mark.slow
def test_a_killed_node_in_the_middle_loses_nothing(cluster, folder):
    """Last in this file: the cluster is smaller afterwards."""
    killed = []

    def kill_node(batch):
        if not killed and len({node for _, _, node, _ in notes(folder)}) == 2 and len(notes(folder)) > 6:
            killed.append(cluster.nodes_with_gpus.pop())
            cluster.remove_node(killed[0], allow_graceful=False)

    def look(_):
        if len(processes(folder)) == 4:
            (folder / CLOSED).unlink(missing_ok=True)

    (folder / CLOSED).touch()  # both nodes are at work before anything is done
    workers, progress = settings(cluster, devices=4), watched("edit", 16, look)
    outcomes = edit(workers, folder, plans(16), seconds=0.3, watch=kill_node, progress=progress)
    assert killed
    assert all(isinstance(outcome, EncodedImage) for outcome in outcomes.values())
    attempts = [name for name, *_ in notes(folder)]
    assert len(attempts) <= 16 + 4  # two workers with two items each


def test_engine_ray_without_enough_gpus_says_so(folder):
    with pytest.raises(ConfigError, match=r"64 GPU\(s\) are wanted, this machine has"):
        edit(WorkerSettings(engine="ray", devices=64), folder, plans(1))


def test_an_editor_that_must_stay_in_one_process_is_refused(folder):
    class Counting(Noting):
        one_process = "it counts what it spends"

    part = EditorPart(type="x", name="x", plugin=Counting, options=Noting.Options(notes=str(folder)))
    progress = StageProgress("edit", 1, None)
    with pytest.raises(ConfigError, match="it counts what it spends"), RayEngine(WorkerSettings(engine="ray")) as ray:
        list(ray.edits(part, Counting(part.options), [], progress))
