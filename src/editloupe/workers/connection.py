"""The connection to Ray: a cluster that is there, or one on this machine that ends with the stage."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
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
def connected(settings: WorkerSettings) -> Iterator[None]:
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
        "log_to_driver": _prints_to_log(),
    }
    if settings.address is not None:
        try:
            with _listeners_kept():
                ray.init(address=settings.address, **{**common, "include_dashboard": None})
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise ConfigError(f"workers: there is no Ray cluster at {settings.address!r}: {error}") from error
    else:
        count = settings.device_count
        if settings.gpus_per_worker and (count or 1) > visible_gpus():
            raise ConfigError(
                f"workers: {count or 'one or more'} GPU(s) are wanted, this machine has {visible_gpus()}; "
                "set `devices:`, give the `address:` of a Ray cluster, or `gpus_per_worker: 0` to work on processors"
            )
        with _only_devices(settings.device_ids), _listeners_kept():
            ray.init(
                num_gpus=count if settings.gpus_per_worker else 0,
                num_cpus=count or None,
                object_store_memory=OBJECTS,
                **common,
            )
    with reaped() if settings.address is None else nullcontext():
        try:
            yield
        finally:
            ray.shutdown()


@contextmanager
def _only_devices(ids: Sequence[int] | None) -> Iterator[None]:
    """Let a Ray that is started now see only these GPUs."""
    before = os.environ.get("CUDA_VISIBLE_DEVICES")
    if ids is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(str(gpu) for gpu in ids)
    try:
        yield
    finally:
        if ids is not None:
            os.environ.pop("CUDA_VISIBLE_DEVICES")
            if before is not None:
                os.environ["CUDA_VISIBLE_DEVICES"] = before


@contextmanager
def _listeners_kept() -> Iterator[None]:
    """Give Ray's logger its handlers back, such as the study's log: Ray takes them away when it is started."""
    logger = logging.getLogger("ray")
    handlers = logger.handlers[:]
    try:
        yield
    finally:
        logger.handlers[:] = handlers


def _prints_to_log() -> bool:
    """Let Ray hand over to the log what it would print: what workers print, and what it says of them itself.

    Returns:
        Whether it does; else what workers print is best left in Ray's own logs, since Ray has no public way for this.
    """
    import ray._private.worker as driver

    if not hasattr(driver, "print_to_stdstream"):
        return False
    driver.print_to_stdstream = _to_log
    return True


def _to_log(data: Mapping[str, Any], *_: Any, **__: Any) -> None:
    if data.get("pid") == "autoscaler":  # its figures, every few seconds, stand in Ray's own logs
        return
    for line in data.get("lines") or ():
        logging.getLogger("ray").warning("(%s) %s", data.get("pid"), line)
