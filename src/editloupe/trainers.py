"""The service's client in the call shapes of reinforcement-learning stacks: Flow-GRPO, verl and UniRL.

None of them is imported. A failure is raised or NaN, never a number that an optimiser would believe.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from editloupe.client import Client, Item, OnFailure, reward_of
from editloupe.errors import ItemError
from editloupe.pixel_arrays import is_array

__all__ = ["UniRLScorer", "flow_grpo", "flow_grpo_edit", "verl_compute_score"]

FlowGRPOReward = Callable[..., tuple[list[float], dict[str, Any]]]


def flow_grpo_edit(client: Client, *, on_failure: OnFailure = "raise") -> FlowGRPOReward:
    """A reward function of Flow-GRPO for editing: ``fn(ref_images, images, prompts, metadatas)``.

    Pictures are PIL images, a uint8 array (count, height, width, 3), or a tensor (count, 3, height, width) of numbers
    from 0 to 1. `metadatas` may hold ``category``, ``rationale`` and the like of an `Item` for each.

    Args:
        client: of the service.
        on_failure: as in `Client.rewards`.

    Returns:
        The function: it returns one score per picture, and the scores by metric.
    """

    def reward(
        ref_images: Any, images: Any, prompts: Sequence[str], metadatas: Sequence[Mapping[str, Any]] | None = None
    ) -> tuple[list[float], dict[str, Any]]:
        rows_metadata = list(metadatas) if metadatas is not None else [{}] * len(prompts)
        rows = zip(_pictures(ref_images), _pictures(images), prompts, rows_metadata, strict=True)
        return _rewarded(
            client, [_item(source, edited, prompt, metadata) for source, edited, prompt, metadata in rows], on_failure
        )

    return reward


def flow_grpo(client: Client, *, source: str = "source_image", on_failure: OnFailure = "raise") -> FlowGRPOReward:
    """A reward function of Flow-GRPO: ``fn(images, prompts, metadata)``; each source stands in its metadata.

    Args:
        client: of the service.
        source: the key of the source picture, or of a list of them, in each picture's metadata.
        on_failure: as in `Client.rewards`.
    """

    def reward(
        images: Any, prompts: Sequence[str], metadata: Sequence[Mapping[str, Any]], **_: Any
    ) -> tuple[list[float], dict[str, Any]]:
        rows = zip(_pictures(images), prompts, metadata, strict=True)
        return _rewarded(
            client, [_item(_source(facts, source), edited, prompt, facts) for edited, prompt, facts in rows], on_failure
        )

    return reward


def verl_compute_score(
    data_source: str,
    solution_image: Any,
    ground_truth: str,
    extra_info: Mapping[str, Any],
    *,
    server_url: str,
    source: str = "source_image",
    **_: Any,
) -> dict[str, float]:
    """A reward function of verl: ``compute_score(data_source, solution_image, ground_truth, extra_info)`` by keyword.

    It raises where there is no score: with ``required: true`` the step fails, and no sample is given a 0.

    Args:
        data_source: of the sample; not used.
        solution_image: the edited picture, a uint8 tensor with its channels first.
        ground_truth: the instruction.
        extra_info: holds the source picture under `source`; also ``category``, ``description`` and ``rationale``.
        server_url: of the service; a key of the reward's config, as `source` is.
        source: as in `flow_grpo`.

    Raises:
        ItemError: there is no score.
    """
    del data_source
    item = _item(_source(extra_info, source), solution_image, ground_truth, extra_info)
    (scored,) = _client(server_url).score([item])
    total = reward_of(scored, "raise")
    return {"score": total, **{name: value for name, value in scored.scores.items() if value is not None}}


class UniRLScorer:
    """A scorer of UniRL: ``score(items)`` gives a mapping of floats for each; an item has `history` and `metadata`.

    An edit has two turns, (instruction, source) and (instruction, edited). NaN stands for an item that cannot be
    scored; where the service itself is at fault, it raises, so that nothing is learned from an outage.

    Args:
        client: of the service.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    def score(self, items: Sequence[Any]) -> list[dict[str, float]]:
        """Score items.

        Raises:
            ItemError: for the first failure that may pass another time.
        """
        asked = []
        for item in items:
            (_, source), (instruction, edited) = item.history[0], item.history[-1]
            asked.append(_item(source, edited, instruction, getattr(item, "metadata", None) or {}))
        results = self._client.score(asked)
        for scored in results:
            if scored.failure is not None and scored.failure.retryable:
                reward_of(scored, "raise")
        return [{"overall": _or_nan(scored.overall), **_or_nans(scored.scores)} for scored in results]


@functools.cache
def _client(url: str) -> Client:
    """One client per service and process: a trainer's workers call the function, and hold nothing."""
    return Client(url)


def _rewarded(client: Client, items: Sequence[Item], on_failure: OnFailure) -> tuple[list[float], dict[str, Any]]:
    results = client.score(items)
    metrics = dict.fromkeys(name for scored in results for name in scored.scores)
    return [reward_of(scored, on_failure) for scored in results], {
        name: [_or_nan(scored.scores.get(name)) for scored in results] for name in metrics
    }


def _source(facts: Mapping[str, Any], key: str) -> Any:
    """The source picture in what a trainer tells about a sample.

    Raises:
        ItemError: it tells of none, so that nothing could be compared.
    """
    if facts.get(key) is None:
        known = ", ".join(map(str, facts)) or "nothing"
        raise ItemError(f"a sample tells of no {key!r}, its source picture; it tells of: {known}", kind="no-image")
    return facts[key]


def _item(source: Any, edited: Any, instruction: str, facts: Mapping[str, Any]) -> Item:
    sources = list(source) if isinstance(source, list | tuple) else [source]
    category, description, rationale = (str(facts.get(name) or "") for name in ("category", "description", "rationale"))
    return Item(
        [_whole(picture) for picture in sources],
        _whole(edited),
        str(instruction),
        category=category,
        description=description,
        rationale=rationale,
    )


def _pictures(images: Any) -> list[Any]:
    """The pictures of a batch, whatever holds them."""
    return [_whole(picture) for picture in images]


def _whole(image: Any) -> Any:
    """Numbers from 0 to 1, as trainers keep them, become whole ones from 0 to 255; anything else stays as it is."""
    if not is_array(image) or "float" not in str(image.dtype):
        return image
    pixels = np.asarray(image.detach().float().cpu() if hasattr(image, "detach") else image, dtype=np.float32)
    return (np.clip(pixels, 0.0, 1.0) * 255).round().astype(np.uint8)


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value


def _or_nans(scores: Mapping[str, float | None]) -> dict[str, float]:
    return {name: _or_nan(value) for name, value in scores.items()}
