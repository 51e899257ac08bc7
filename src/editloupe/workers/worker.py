"""One worker: a process with one model, loaded once; the engine `ray` makes it an actor."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from editloupe.errors import ItemError, failure_from
from editloupe.images import EncodedImage, encoded
from editloupe.machine import accelerators, peak_memory
from editloupe.planning import PlannedEdit, PlannedReply
from editloupe.progress import activity
from editloupe.protocols import StreamingJudge
from editloupe.records import Failure, Reply
from editloupe.workers.here import HereEngine
from editloupe.workers.transfer import ModelSpec

__all__ = ["Hello", "Status", "Worker"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Hello:
    """Who a worker is."""

    version: str
    signature: str
    host: str
    pid: int
    devices: str


@dataclass(frozen=True, slots=True)
class Status:
    """What a worker does at the moment."""

    doing: str
    hardware: str
    peak_memory: int | None
    largest_batch: int = 0


class Worker:
    """Builds its model from a spec when it is greeted; the weights are loaded when the first item needs them."""

    def __init__(self, spec: ModelSpec, stage: str) -> None:
        self._spec = spec
        self._stage = stage
        self._part: Any = None
        self._model: Any = None
        self._engine = HereEngine()

    def hello(self) -> Hello:
        """Build the model, and say who is there."""
        self._part, self._model = self._spec.build(self._stage)
        devices = os.environ.get("CUDA_VISIBLE_DEVICES", "")
        return Hello(version("editloupe"), self._model.signature, socket.gethostname(), os.getpid(), devices)

    def status(self) -> Status:
        """Say what is being done; called beside the work, from another thread."""
        doing = activity.current()
        devices = [device for device in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if device]
        peak = peak_memory()
        hardware = "  ".join(accelerators(devices)) if devices else ""
        if not hardware and peak is not None:
            hardware = f"{peak / 2**30:.1f} GiB"
        return Status("idle" if doing is None else str(doing), hardware, peak, self._engine.largest_batch)

    def edit(
        self, parcel: Sequence[PlannedEdit | Failure], sizing: Mapping[str, Any]
    ) -> list[tuple[EncodedImage | Failure, float]]:
        """Make the edits of one chunk: (encoded image or failure, seconds) each, in order.

        A plan whose images the driver could not read comes as its failure, and goes back as it is.
        """
        plans = [plan for plan in parcel if not isinstance(plan, Failure)]
        made: dict[int, tuple[EncodedImage | Failure, float]] = {}
        if plans:
            activity.report(plans[0].request.sample.id)
            for batch in self._engine.edits(self._sized(sizing), self._model, plans):
                made.update({id(done.item): (_encoded(done.outcome), done.seconds) for done in batch})
        _leave_a_broken_device(made.values())
        return [(plan, 0.0) if isinstance(plan, Failure) else made[id(plan)] for plan in parcel]

    def prepare(self, parcel: Sequence[PlannedReply | Failure]) -> None:
        """Do what the next chunk needs of the CPU, beside the work on the present one."""
        if isinstance(self._model, StreamingJudge):
            return
        for plan in parcel:
            if not isinstance(plan, Failure):
                with suppress(Exception):  # raised again, and recorded, when its turn comes
                    self._model.prepare(plan.question)

    def answer(
        self, parcel: Sequence[PlannedReply | Failure], sizing: Mapping[str, Any]
    ) -> list[tuple[Reply | Failure, float]]:
        """Answer the questions of one chunk: (reply or failure, seconds) each, in order."""
        plans = [plan for plan in parcel if not isinstance(plan, Failure)]
        made: dict[int, tuple[Reply | Failure, float]] = {}
        if plans:
            activity.report(plans[0].sample.id)
            for batch in self._engine.replies(self._sized(sizing), self._model, plans):
                made.update({id(done.item): (done.outcome, done.seconds) for done in batch})
        _leave_a_broken_device(made.values())
        return [(plan, 0.0) if isinstance(plan, Failure) else made[id(plan)] for plan in parcel]

    def _sized(self, sizing: Mapping[str, Any]) -> Any:
        """The part of the config, with the batches that this chunk is to have."""
        return self._part.model_copy(update=dict(sizing))

    def leave(self) -> None:
        """Give the model's memory back."""
        if self._model is not None:
            self._model.close()


def _leave_a_broken_device(outcomes: Iterable[tuple[Any, float]]) -> None:
    """End this process where CUDA has failed for good: everything after it would fail too, without any guilt.

    The driver then finds the guilty item as it does when a process dies by itself.
    """
    for outcome, _ in outcomes:
        if isinstance(outcome, Failure) and "CUDA error" in outcome.message:
            log.error("this worker ends, its device is lost: %s", outcome.message.split("\n")[0])
            os._exit(1)


def _encoded(outcome: Any) -> EncodedImage | Failure:
    if isinstance(outcome, Failure):
        return outcome
    try:
        return encoded(outcome)
    except ItemError as error:
        return failure_from(error, "edit")
