"""What folders of the `datasets` library say beside their tables: class names, and the split of each file."""

import re

import yaml

from curation.engine.readers.arrow_columns import class_names

# Files that describe a data set and hold no rows.
INFO_NAMES = frozenset({"dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json"})
INFO_BYTES = 4 << 20
# The YAML at the head of a README; the parser takes a second for 256 kB.
HEAD_BYTES = 256 << 10
# Split names as the library finds them in paths: a word of its own in a folder's or file's name.
# Source: https://huggingface.co/docs/datasets/repository_structure#splits-and-file-names
_SPLIT = re.compile(
    r"(?:^|[-_./ 0-9])(train(?:ing)?|validation|valid|val|dev|test(?:ing)?|eval(?:uation)?)(?=[-_./ 0-9]|$)"
)
_NAMES = {"training": "train", "valid": "validation", "val": "validation", "dev": "validation"}
_NAMES |= {"testing": "test", "eval": "test", "evaluation": "test"}
# A shard is called <split>-00000-of-00001; that names splits of any word.
_SHARD = re.compile(r"([\w.]+?)-\d{5}-of-\d{5}")


def split_of(path: str) -> str:
    """Return train, validation, test, the name before ``-00000-of-00001``, or "" when a path names no split."""
    lowered = path.lower()
    for part in reversed(lowered.split("/")):
        found = _SPLIT.search(part)
        if found:
            return _NAMES.get(found[1], found[1])
    shard = _SHARD.match(lowered.rsplit("/", 1)[-1])
    return shard[1] if shard and shard[1] != "data" else ""


def names_in_info(name: str, content: bytes) -> dict[str, list[str]]:
    """Return column → class names out of ``dataset_info.json``, ``dataset_infos.json`` or the head of a README."""
    if name.lower() == "readme.md":
        return _names_in_readme(content)
    return class_names(content) or _names_by_config(content)


def _names_by_config(content: bytes) -> dict[str, list[str]]:
    """Read the older ``dataset_infos.json``, where each configuration has an object of its own."""
    import orjson

    try:
        document = orjson.loads(content)
    except ValueError:
        return {}
    found: dict[str, list[str]] = {}
    for info in document.values() if isinstance(document, dict) else ():
        if isinstance(info, dict):
            found |= class_names(orjson.dumps(info))
    return found


def _names_in_readme(content: bytes) -> dict[str, list[str]]:
    content = content[:HEAD_BYTES]
    head = re.match(r"\ufeff?---\s*\n(.*?)\n---\s*(?:\n|$)", content.decode("utf-8", "replace"), re.DOTALL)
    if not head:
        return {}
    try:
        card = yaml.safe_load(head[1])
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}
    infos = card.get("dataset_info") if isinstance(card, dict) else None
    found: dict[str, list[str]] = {}
    for info in infos if isinstance(infos, list) else [infos]:
        features = info.get("features") if isinstance(info, dict) else None
        for feature in features if isinstance(features, list) else ():
            names = _class_label(feature)
            if names:
                found[feature["name"]] = names
    return found


def _class_label(feature: object) -> list[str]:
    """Return the names of ``{name, dtype: {class_label: {names: {'0': …}}}}``."""
    kind = feature.get("dtype") if isinstance(feature, dict) else None
    label = kind.get("class_label") if isinstance(kind, dict) else None
    names = label.get("names") if isinstance(label, dict) else None
    if isinstance(names, dict) and all(str(key).isdigit() for key in names):
        names = [names[key] for key in sorted(names, key=lambda key: int(str(key)))]
    # Only plain values: YAML's aliases make a small file into a list that nobody can write out.
    if not isinstance(names, list) or not all(isinstance(each, str | int | float) for each in names):
        return []
    return [str(each) for each in names]
