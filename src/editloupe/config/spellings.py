"""The config's other spellings: the seed's keys, short forms, and settings from the command line, all put into one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from editloupe.errors import ConfigError
from editloupe.plugins import Kind, Options, find, names

__all__ = ["apply_setting", "in_one_spelling", "mapping"]


def mapping(value: Any, where: str) -> dict[str, Any]:
    """Return the value where it is a mapping.

    Raises:
        ConfigError: it is something else.
    """
    if not isinstance(value, dict):
        raise ConfigError(f"{where} is {value!r}; it has to be a mapping of keys to values")
    return value


def in_one_spelling(raw: dict[str, Any], path: Path) -> dict[str, Any]:
    """Translate the seed's keys and the short forms of ours; what is in our spelling already stays as it is.

    Raises:
        ConfigError: both spellings of one part, or a part that is no mapping.
    """
    data = dict(raw)
    pairs = {"diffusion_model": "editors", "reward_model": "judge"}
    for theirs, ours in pairs.items():
        if theirs not in data:
            continue
        if ours in data:
            raise ConfigError(f"{path} has both `{theirs}:` and `{ours}:`, two spellings of the same thing; keep one")
        entry = dict(mapping(data.pop(theirs), f"{path}: {theirs}"))
        params = dict(mapping(entry.pop("params", {}), f"{path}: {theirs}.params"))
        if "model_name" in params:
            params["model"] = params.pop("model_name")
        if ours == "judge" and "qwen" in str(entry.get("type", "")).lower():
            entry["type"] = "transformers"  # the seed names the model's family where we name the engine
        if ours == "editors" and "qwen" in str(entry.get("type", "")).lower():
            entry["type"] = "diffusers"  # likewise
        if ours == "editors":
            params = _seed_editor(data, entry, params, f"{path}: {theirs}")
        merged = {**entry, **params}
        data[ours] = [merged] if ours == "editors" else merged
    if isinstance(data.get("benchmark"), dict) and "data_path" in data["benchmark"]:
        benchmark = dict(data["benchmark"])
        benchmark["path"] = benchmark.pop("data_path")
        data["benchmark"] = benchmark
    if isinstance(data.get("benchmark"), str):
        data["benchmark"] = {"name": data["benchmark"]}
    if "editors" in data:
        entries = data["editors"] if isinstance(data["editors"], list) else [data["editors"]]
        entries = [{"type": entry} if isinstance(entry, str) else entry for entry in entries]
        data["editors"] = [_in_plugin_spelling("editors", entry) for entry in entries]
    if "judge" in data:
        data["judge"] = _in_plugin_spelling("judges", data["judge"])
    return data


def _in_plugin_spelling(kind: Kind, entry: Any) -> Any:
    """An editor's or a judge's own keys in their first spelling, where the plugin is known."""
    options = _options_of(kind, entry)
    return entry if options is None else options.in_one_spelling(entry)


def _plugin_spelling(parents: list[str], node: Any, name: str, value: Any) -> tuple[str, Any]:
    """One setting of an editor or judge in the first spelling, so that it replaces what stands there in another."""
    kinds: dict[str, Kind] = {"editors": "editors", "judge": "judges"}
    if not parents or parents[0] not in kinds or len(parents) != (1 if parents[0] == "judge" else 2):
        return name, value
    options = _options_of(kinds[parents[0]], node)
    return (name, value) if options is None else options.respelled(name, value)


def _options_of(kind: Kind, entry: Any) -> type[Options] | None:
    if not isinstance(entry, dict) or entry.get("type") not in names(kind):
        return None
    options: type[Options] = find(kind, str(entry["type"])).Options
    return options


def _seed_editor(data: dict[str, Any], entry: dict[str, Any], params: dict[str, Any], where: str) -> dict[str, Any]:
    """The seed names devices and the pipeline's own parameters side by side with ours; each goes to its place."""
    params = dict(params)
    ids = params.pop("device_ids", None)
    if isinstance(ids, list) and len(ids) > 1:
        workers = mapping(data.get("workers") or {}, f"{where}: workers")
        if workers and not workers.keys() & {"edit", "judge"}:
            workers = {"edit": workers, "judge": workers}
        data["workers"] = {**workers, "edit": {"engine": "ray", "devices": ids, **workers.get("edit", {})}}
    elif isinstance(ids, list) and ids:
        params.setdefault("device", f"cuda:{ids[0]}")
    plugin = find("editors", str(entry["type"])) if entry.get("type") in names("editors") else None
    if plugin is None or "params" not in plugin.Options.model_fields:
        return params
    ours = {"type", "name", "batch_size", *plugin.Options.model_fields}  # the rest is the pipeline's own
    own = {name: value for name, value in params.items() if name in ours}
    return {**own, "params": {name: value for name, value in params.items() if name not in ours}}


def apply_setting(data: dict[str, Any], change: str) -> None:
    """Replace one setting, ``a.b=value``, in either spelling.

    Raises:
        ConfigError: it is not of that form, or there is no such place.
    """
    path, equals, text = change.partition("=")
    if not equals or not path:
        raise ConfigError(f"--set {change!r} is not of the form a.b=value")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"--set {change!r}: the value is not YAML") from error
    *parents, last = _our_place(path)
    node: Any = data
    for name in parents:
        node = _step(node, name, change)
    last, value = _plugin_spelling(parents, node, last, value)
    if isinstance(node, list):
        node[_index(node, last, change)] = value
    elif isinstance(node, dict):
        node[last] = value
    else:
        raise ConfigError(f"--set {change!r}: {last!r} lies below a plain value")


def _our_place(path: str) -> list[str]:
    """The path of a setting in our spelling, whichever it is given in."""
    parts = path.split(".")
    ours = {"diffusion_model": ["editors", "0"], "reward_model": ["judge"]}
    if parts[0] in ours:
        parts = [*ours[parts[0]], *(part for part in parts[1:] if part != "params")]
        parts[-1] = {"model_name": "model"}.get(parts[-1], parts[-1])
    return ["benchmark", "path"] if parts == ["benchmark", "data_path"] else parts


def _step(node: Any, name: str, change: str) -> Any:
    if isinstance(node, list):
        return node[_index(node, name, change)]
    if not isinstance(node, dict):
        raise ConfigError(f"--set {change!r}: {name!r} lies below a plain value")
    if not isinstance(node.get(name), dict | list):
        node[name] = {}
    return node[name]


def _index(node: list[Any], name: str, change: str) -> int:
    if not name.isdecimal() or int(name) >= len(node):
        raise ConfigError(f"--set {change!r}: {name!r} is no index of a list of {len(node)}")
    return int(name)
