"""Instruction-editing pipelines of diffusers, by hub id or folder.

Each image has a generator of its own on the CPU, seeded by its request, so batch, order, device and number of workers
change nothing about its noise. What differs between the classes stands in `diffusers_capabilities`.
"""

from __future__ import annotations

import gc
import inspect
import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

from PIL import Image
from pydantic import Field, ValidationInfo, field_validator

from editloupe.editors.diffusers_capabilities import CAPABILITIES, Capability, capability_of
from editloupe.editors.diffusers_output import checked_images
from editloupe.editors.diffusers_prompts import reading_watched
from editloupe.editors.diffusers_sizes import other_proportions, own_size_is_kept, size_parameters
from editloupe.errors import ConfigError
from editloupe.hub import commit_of, hub_file
from editloupe.images import decode
from editloupe.model_loading import loading_model
from editloupe.plugins import ConfigPath, nearest
from editloupe.plugins import Options as PluginOptions
from editloupe.progress import activity
from editloupe.protocols import Editor
from editloupe.records import EditRequest, Failure, Sample
from editloupe.requirements import Requirement, lacking_model, lacking_packages, lacking_path

__all__ = ["Diffusers", "Lora"]

log = logging.getLogger(__name__)

_OURS = ("self", "kwargs", "prompt", "generator", "output_type", "return_dict", "num_images_per_prompt")
_SIZED = " sizing=first-source"
"""In the signature of edits that are told a size, so that none is taken for one that had the class's own."""

_WEIGHTS = (".safetensors", ".bin", ".json", ".txt", ".model", ".jinja", ".py")


class Lora(PluginOptions):
    """An adapter: a file or folder beside the config, and how strongly it counts."""

    path: ConfigPath
    weight: float = 1.0


class Diffusers(Editor):
    """The editor `diffusers`."""

    packages: ClassVar[Mapping[str, str]] = {"diffusers": "diffusers", "accelerate": "diffusers"}

    class Options(PluginOptions):
        """What the config says about this editor.

        Attributes:
            model: hub id, or folder (relative to the config).
            revision: of a hub id; a branch, tag or commit.
            dtype: of the weights.
            device: ``auto`` is the first GPU, or the CPU without one; ``cuda:1``; ``balanced`` spreads the model over
                the GPUs that this process sees.
            offload: ``model`` or ``sequential`` keep what is not needed at the moment in main memory.
            lora: an adapter.
            size: ``match-source`` brings each edit to the size of its first source; ``as-is`` keeps the pipeline's,
                which has the first source's proportions where `params` do not state a ``height`` and a ``width``.
            params: of the pipeline, by their names.
            trust_remote_code: whether code that comes with the model may run.
        """

        model: str
        revision: str | None = None
        dtype: Literal["bfloat16", "float16", "float32"] = "bfloat16"
        device: str = "auto"
        offload: Literal["none", "model", "sequential"] = "none"
        lora: Lora | None = None
        size: Literal["as-is", "match-source"] = "as-is"
        params: dict[str, Any] = Field(default_factory=dict)
        trust_remote_code: bool = False

        @field_validator("model")
        @classmethod
        def _folder_beside_config(cls, value: str, info: ValidationInfo) -> str:
            folder = Path((info.context or {}).get("base", ".")) / Path(value).expanduser()
            return str(folder) if folder.is_dir() else value

    @classmethod
    def requirements(cls, options: Options) -> list[Requirement]:
        """Tell of missing packages, and of a model or adapter that is not on this machine."""
        unmet = [*lacking_packages(cls.packages), *lacking_model(options.model, options.revision)]
        if options.lora is not None:
            unmet += lacking_path("the adapter", options.lora.path)
        return unmet

    def __init__(self, options: Options) -> None:
        self.options = options
        self._commit: str | None = None
        self._named: Any = None
        self._loaded: tuple[Any, Capability] | None = None

    @property
    def signature(self) -> str:
        """What an edit depends on, apart from the request and the bytes of `files`."""
        options = self.options
        model = Path(options.model).name if self._is_local else f"{options.model}@{self.commit}"
        params = json.dumps(options.params, sort_keys=True, ensure_ascii=False)
        lora = f" lora={Path(options.lora.path).name}*{options.lora.weight:g}" if options.lora else ""
        sized = "" if own_size_is_kept(self._row, options.params, 1) else _SIZED
        return f"diffusers model={model} dtype={options.dtype}{lora} size={options.size} params={params}{sized}"

    def signature_suffix(self, sample: Sample) -> str:
        """What the edit of one sample depends on besides: some classes are told a size only where sources are many."""
        params = self.options.params
        kept_alone = own_size_is_kept(self._row, params, 1) and not own_size_is_kept(
            self._row, params, len(sample.sources)
        )
        return _SIZED if kept_alone else ""

    @property
    def files(self) -> tuple[Path, ...]:
        """The files of a local model and of the adapter; a hub id is pinned by its commit instead."""
        paths = [Path(self.options.model)] if self._is_local else []
        paths += [Path(self.options.lora.path)] if self.options.lora else []
        files = [path for root in paths for path in ([root] if root.is_file() else root.rglob("*"))]
        return tuple(sorted(path for path in files if path.suffix in _WEIGHTS))

    @property
    def commit(self) -> str:
        """The commit of a hub id.

        Raises:
            ConfigError: there is no such model, or the hub cannot be reached.
        """
        if self._commit is None:
            self._commit = commit_of(self.options.model, self.options.revision)
        return self._commit

    @property
    def pinned(self) -> Options:
        """The options with the commit in them, so that workers elsewhere load exactly this model."""
        return self.options if self._is_local else self.options.model_copy(update={"revision": self.commit})

    @property
    def _row(self) -> Capability:
        """The pipeline's row in the table, without importing diffusers; an empty one where it has none."""
        name = self._class_name()
        return CAPABILITIES.get(name, Capability()) if isinstance(name, str) else Capability()

    def _class_name(self) -> Any:
        """The class that the model names; a list where it brings its own code."""
        if self._named is None:
            index = Path(self.options.model) / "model_index.json"
            if not self._is_local:
                index = hub_file(self.options.model, self.commit, "model_index.json")
            try:
                self._named = json.loads(index.read_text(encoding="utf-8"))["_class_name"]
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise ConfigError(
                    f"{self.options.model!r} holds no pipeline: its model_index.json cannot be read"
                ) from error
        return self._named

    @property
    def _is_local(self) -> bool:
        return Path(self.options.model).is_dir()

    def edit(self, requests: Sequence[EditRequest]) -> list[Image.Image | Failure]:
        """Edit a batch: in one call per group that the class can take together, which for many is a single sample.

        Raises:
            ConfigError: there is no such pipeline, or it does not take a parameter.
            ModelLoadError: its weights cannot be loaded.
            ImageError: a source cannot be decoded.
            Exception: whatever the pipeline raises, out-of-memory errors included; the caller splits the batch.
        """
        pipeline, capability = self._pipeline()
        sources = [[decode(picture) for picture in request.sample.sources] for request in requests]
        outcomes: dict[int, Image.Image | Failure] = {}
        for group in groups(sources, capability):
            if capability.nesting == "plain" and len(sources[group[0]]) > 1:
                many, name = len(sources[group[0]]), type(pipeline).__name__
                message = f"{name} edits one image; this sample has {many}"
                outcomes.update(dict.fromkeys(group, Failure("edit", "too-many-sources", message)))
                continue
            made = self._call(
                pipeline, capability, [requests[index] for index in group], [sources[index] for index in group]
            )
            outcomes.update(zip(group, made, strict=True))
        return [self._sized(outcomes[index], sources[index][0]) for index in range(len(requests))]

    def close(self) -> None:
        """Drop the pipeline and give its memory back."""
        if self._loaded is None:
            return
        self._loaded = None
        import torch

        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _call(
        self,
        pipeline: Any,
        capability: Capability,
        requests: Sequence[EditRequest],
        sources: Sequence[Sequence[Image.Image]],
    ) -> list[Image.Image | Failure]:
        import torch

        generators = [torch.Generator("cpu").manual_seed(request.seed) for request in requests]
        prompts = [
            capability.prompted(request.sample.instruction, len(images))
            for request, images in zip(requests, sources, strict=True)
        ]
        takes = inspect.signature(pipeline.__call__).parameters
        params = self.options.params
        sizes = size_parameters(capability, params, takes, [image.size for image in sources[0]])
        arguments = {**capability.implied, **params, **sizes}
        if len(requests) == 1:
            arguments |= {"prompt": prompts[0], "generator": generators[0]}
            arguments[capability.image] = capability.nested(sources[0])
        else:
            # A single text would meet several images.
            if isinstance(arguments.get("negative_prompt"), str):
                arguments["negative_prompt"] = [arguments["negative_prompt"]] * len(requests)
            arguments |= {"prompt": prompts, "generator": generators}
            arguments[capability.image] = [images[0] for images in sources]
        if capability.known == "run":  # arrays show NaN, which becomes black in a picture
            arguments["output_type"] = "np"
        if "callback_on_step_end" in takes:
            arguments["callback_on_step_end"] = _step_teller(requests[0].sample.id)
        activity.report(requests[0].sample.id)
        with reading_watched(pipeline, prompts) as reading:
            output = pipeline(**arguments)
        made = checked_images(output, len(requests))
        stated = all(params.get(side) for side in ("height", "width"))
        for index, image in enumerate(made):
            if not isinstance(image, Failure):
                shape = None if stated else other_proportions(sources[index][0].size, image.size)
                image.info["notes"] = (*reading.notes(index), *([shape] if shape else []))
        return made

    def _sized(self, outcome: Image.Image | Failure, source: Image.Image) -> Image.Image | Failure:
        if isinstance(outcome, Failure) or self.options.size == "as-is" or outcome.size == source.size:
            return outcome
        return outcome.resize(source.size, Image.Resampling.LANCZOS)

    def _pipeline(self) -> tuple[Any, Capability]:
        if self._loaded is None:
            stated = self.check()
            pipeline = self._load()
            self._loaded = pipeline, stated or self._capability(type(pipeline))
        return self._loaded

    def check(self) -> Capability | None:
        """Check the parameters against the pipeline's class before its weights are loaded.

        Returns:
            How the class is called; None where only its own code can tell.

        Raises:
            ConfigError: the class is unknown, or does not take a parameter.
        """
        import diffusers

        name = self._class_name()
        scheduler = getattr(diffusers, name, None) if isinstance(name, str) else None
        if scheduler is None and not self.options.trust_remote_code:
            raise ConfigError(
                f"the pipeline {name!r} of {self.options.model!r} is not part of diffusers {diffusers.__version__}; "
                "install a newer diffusers, or set `trust_remote_code: true` if you trust the code beside the model"
            )
        return None if scheduler is None else self._capability(scheduler)

    def _capability(self, pipeline: Any) -> Capability:
        takes = {name: parameter.default for name, parameter in inspect.signature(pipeline.__call__).parameters.items()}
        try:
            capability = capability_of(pipeline.__name__, takes)
        except LookupError as error:
            raise ConfigError(f"{self.options.model!r} is no editor that can be called: {error}") from error
        if capability.known == "inspected":
            log.warning(
                "editor %s: %s is not in the table of pipelines; one at a time, image as %r, as its signature says",
                self.options.model,
                pipeline.__name__,
                capability.image,
            )
        accepted = [name for name in takes if name not in (*_OURS, capability.image) and "callback" not in name]
        for name in self.options.params:
            if name not in accepted:
                raise ConfigError(
                    f"{pipeline.__name__} takes no parameter {name!r}{nearest(name, accepted)}; it takes: "
                    f"{', '.join(sorted(accepted))} (its guidance is called {capability.guidance!r})"
                )
        return capability

    def _load(self) -> Any:
        import torch
        from diffusers import DiffusionPipeline
        from diffusers.utils import logging as diffusers_logging

        options = self.options
        device = options.device
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        if options.offload != "none" and device == "cpu":
            raise ConfigError(
                f"`offload: {options.offload}` moves weights between an accelerator and main memory; "
                "this process sees no accelerator"
            )
        diffusers_logging.disable_progress_bar()
        mend = "another `device:`, a smaller `dtype:` or `offload: model`"
        with loading_model(options.model, device=device, mend=mend):
            pipeline = DiffusionPipeline.from_pretrained(
                options.model,
                revision=None if self._is_local else self.commit,
                dtype=getattr(torch, options.dtype),
                trust_remote_code=options.trust_remote_code,
                device_map="balanced" if device == "balanced" else None,
            )
            if options.lora is not None:
                self._adapt(pipeline, options.lora)
            if options.offload == "model":
                pipeline.enable_model_cpu_offload(device=device)
            elif options.offload == "sequential":
                pipeline.enable_sequential_cpu_offload(device=device)
            elif device != "balanced":
                pipeline.to(device)
        pipeline.set_progress_bar_config(disable=True)
        return pipeline

    @staticmethod
    def _adapt(pipeline: Any, lora: Lora) -> None:
        path = Path(lora.path)
        if not path.exists():
            raise ConfigError(f"there is no adapter {lora.path!r}; `lora.path` is a file or folder beside the config")
        if not hasattr(pipeline, "load_lora_weights"):
            raise ConfigError(f"{type(pipeline).__name__} takes no LoRA")
        location = (str(path.parent), {"weight_name": path.name}) if path.is_file() else (str(path), {})
        try:
            pipeline.load_lora_weights(location[0], adapter_name="study", **location[1])
            pipeline.set_adapters(["study"], [lora.weight])
        except (ValueError, ImportError, OSError) as error:
            raise ConfigError(f"the adapter {lora.path!r} does not fit {type(pipeline).__name__}: {error}") from error


def groups(sources: Sequence[Sequence[Image.Image]], capability: Capability) -> list[list[int]]:
    """Which samples of a batch go into one call, as indices: those with one image of the same size, or each alone."""
    if capability.batches == "one":
        return [[index] for index in range(len(sources))]
    groups: dict[Any, list[int]] = {}
    for index, images in enumerate(sources):
        groups.setdefault(images[0].size if len(images) == 1 else ("alone", index), []).append(index)
    return list(groups.values())


def _step_teller(sample: str) -> Any:
    def tell(pipeline: Any, step: int, _timestep: Any, arguments: dict[str, Any]) -> dict[str, Any]:
        activity.report(sample, step + 1, int(getattr(pipeline, "num_timesteps", 0)))
        return arguments

    return tell
