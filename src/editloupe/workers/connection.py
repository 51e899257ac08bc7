"""The connection to Ray: a cluster that is there, or one on this machine that ends with the stage."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

from editloupe.config.parts import WorkerSettings
from editloupe.errors import ConfigError
from editloupe.lifeline import reaped
from editloupe.machine import visible_gpus

__all__ = ["connected"]

OBJECTS = 1 << 30
"""Bytes of shared memory for images on their way, of a Ray that this process starts."""


@contextmanager
def connected(place: WorkerSettings) -> Iterator[None]:
    """Join the stated cluster, or start one on this machine; left again afterwards."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
    except ImportError as error:
        raise ConfigError("`engine: ray` needs the package ray; install editloupe[ray]") from error
    if ray.is_initialized():  # somebody else's: used, and left to them
        yield
        return
    common: dict[str, Any] = {
        "include_dashboard": False,
        "logging_level": logging.ERROR,
        "configure_logging": False,
        "log_to_driver": False,  # what the workers' libraries print stays in Ray's own logs
    }
    if place.address is not None:
        try:
            ray.init(address=place.address, **{**common, "include_dashboard": None})
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise ConfigError(f"workers: there is no Ray cluster at {place.address!r}: {error}") from error
    else:
        count = place.device_count
        if place.gpus_per_worker and (count or 1) > visible_gpus():
            raise ConfigError(
                f"workers: {count or 'one or more'} GPU(s) are wanted, this machine has {visible_gpus()}; "
                "set `devices:`, give the `address:` of a Ray cluster, or `gpus_per_worker: 0` to work on processors"
            )
        with _only_devices(place.device_ids):
            ray.init(
                num_gpus=count if place.gpus_per_worker else 0,
                num_cpus=count or None,
                object_store_memory=OBJECTS,
                **common,
            )
    with reaped() if place.address is None else nullcontext():
        try:
            yield
        finally:
            ray.shutdown()


@contextmanager
def _only_devices(ids: Sequence[int] | None) -> Iterator[None]:
    """Let a Ray that is started now see only these GPUs."""
    before = os.environ.get("CUDA_VISIBLE_DEVICES")
    if ids is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(str(one) for one in ids)
    try:
        yield
    finally:
        if ids is not None:
            os.environ.pop("CUDA_VISIBLE_DEVICES")
            if before is not None:
                os.environ["CUDA_VISIBLE_DEVICES"] = before
