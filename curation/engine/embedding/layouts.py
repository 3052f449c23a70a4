"""Where the weights of a model lie in files of the Hugging Face layout, and which sizes its config.json says: one row a
type of model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from curation.engine.embedding.errors import ModelFolderUnusable
from curation.engine.embedding.shape import ACTIVATIONS, BertShape, Weights

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Layout:
    """How one type of model calls its parts. `layers` has a number in its middle; `words`, `types` and `project` are of
    the embeddings, empty where a model has none. With `after_padding` positions are counted from behind the id of the
    padding. `sizes` are names in config.json for width, layers, heads, feed_forward and activation."""

    prefix: str
    layers: str
    parts: Mapping[str, str]
    sizes: tuple[str, str, str, str, str]
    words: str = "embeddings.word_embeddings"
    types: str = "embeddings.token_type_embeddings"
    project: str = ""
    relative: str = ""
    after_padding: bool = False
    epsilon: float = 1e-12


_BERT_SIZES = ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "hidden_act")
_BERT_PARTS = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "attention_out": "attention.output.dense",
    "attention_norm": "attention.output.LayerNorm",
    "feed_in": "intermediate.dense",
    "feed_out": "output.dense",
    "feed_norm": "output.LayerNorm",
}
_MPNET_PARTS = {
    **_BERT_PARTS,
    "query": "attention.attn.q",
    "key": "attention.attn.k",
    "value": "attention.attn.v",
    "attention_out": "attention.attn.o",
    "attention_norm": "attention.LayerNorm",
}
_DISTILBERT_PARTS = {
    "query": "attention.q_lin",
    "key": "attention.k_lin",
    "value": "attention.v_lin",
    "attention_out": "attention.out_lin",
    "attention_norm": "sa_layer_norm",
    "feed_in": "ffn.lin1",
    "feed_out": "ffn.lin2",
    "feed_norm": "output_layer_norm",
}
_ROBERTA = Layout("roberta.", "encoder.layer.{}.", _BERT_PARTS, _BERT_SIZES, after_padding=True)

LAYOUTS: dict[str, Layout] = {
    "bert": Layout("bert.", "encoder.layer.{}.", _BERT_PARTS, _BERT_SIZES),
    "roberta": _ROBERTA,
    "xlm-roberta": _ROBERTA,
    "camembert": _ROBERTA,
    "distilbert": Layout(
        "distilbert.",
        "transformer.layer.{}.",
        _DISTILBERT_PARTS,
        ("dim", "n_layers", "n_heads", "hidden_dim", "activation"),
        types="",
    ),
    "electra": Layout("electra.", "encoder.layer.{}.", _BERT_PARTS, _BERT_SIZES, project="embeddings_project"),
    "mpnet": Layout(
        "mpnet.",
        "encoder.layer.{}.",
        _MPNET_PARTS,
        _BERT_SIZES,
        types="",
        relative="encoder.relative_attention_bias.weight",
        after_padding=True,
    ),
}


def layout_of(config: Mapping[str, Any]) -> Layout:
    """Return the layout of a config.json.

    Raises:
        ModelFolderUnusable: The type has no row.
    """
    found = LAYOUTS.get(str(config.get("model_type")))
    if found is None:
        raise ModelFolderUnusable(
            f"config.json says model_type {config.get('model_type')!r}; weights of {', '.join(LAYOUTS)} can be read. "
            "Export other models to ONNX (optimum-cli export onnx): their vectors can be used, without training them."
        )
    return found


def shape_of(config: Mapping[str, Any], *, first_token: bool = False) -> BertShape:
    """Return the sizes that a config.json says.

    Raises:
        ModelFolderUnusable: One is missing or no whole number above 0, or the model does something that
            `BertEncoder` does not.
    """
    layout = layout_of(config)
    width, layers, heads, feed = (_whole(config, name) for name in layout.sizes[:4])
    if width % heads:
        raise ModelFolderUnusable(f"config.json: {layout.sizes[0]} {width} cannot be shared among {heads} heads.")
    if config.get("position_embedding_type", "absolute") != "absolute":
        raise ModelFolderUnusable(
            f"config.json: position_embedding_type {config['position_embedding_type']!r} cannot be read, only absolute."
        )
    activation = str(config.get(layout.sizes[4], "gelu"))
    if activation not in ACTIVATIONS:
        raise ModelFolderUnusable(f"config.json: {layout.sizes[4]} {activation!r} is none of {', '.join(ACTIVATIONS)}.")
    return BertShape(
        _whole(config, "vocab_size"),
        width,
        layers,
        heads,
        feed,
        _whole(config, "max_position_embeddings") - unused_places(config),
        _whole(config, "type_vocab_size") if layout.types and "type_vocab_size" in config else 2 if layout.types else 1,
        float(config.get("layer_norm_eps", layout.epsilon)),
        activation=activation,
        first_token=first_token,
        embedding=_whole(config, "embedding_size") if layout.project and "embedding_size" in config else width,
        relative=_whole(config, "relative_attention_num_buckets") if layout.relative else 0,
    )


def unused_places(config: Mapping[str, Any]) -> int:
    """Return how many rows of the table of positions stand before the first one in use: RoBERTa counts positions from
    behind the id of the padding."""
    return int(config.get("pad_token_id", 1)) + 1 if layout_of(config).after_padding else 0


def _whole(config: Mapping[str, Any], name: str) -> int:
    value = config.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ModelFolderUnusable(f"config.json: {name} must be a whole number above 0, not {value!r}.")
    return value


def names_of(config: Mapping[str, Any], shape: BertShape) -> dict[str, str]:
    """Return the name in the file of each parameter of `BertEncoder`, without the prefix; a table of types that the
    model does not have is left out."""
    layout = layout_of(config)
    names = {"words.weight": f"{layout.words}.weight", "positions.weight": "embeddings.position_embeddings.weight"}
    if layout.types:
        names["types.weight"] = f"{layout.types}.weight"
    modules = {"norm": "embeddings.LayerNorm"}
    if shape.embedding not in {0, shape.width}:
        modules["project"] = layout.project
    for number in range(shape.layers):
        modules |= {f"layers.{number}.{ours}": layout.layers.format(number) + its for ours, its in layout.parts.items()}
    for ours, theirs in modules.items():
        names |= {f"{ours}.{part}": f"{theirs}.{part}" for part in ("weight", "bias")}
    if layout.relative:
        names["relative.weight"] = layout.relative
    return names


def sizes_of(shape: BertShape) -> dict[str, tuple[int, ...]]:
    """Return the shape of each parameter of `BertEncoder`."""
    narrow, width, feed = shape.embedding or shape.width, shape.width, shape.feed_forward
    found: dict[str, tuple[int, ...]] = {
        "words.weight": (shape.vocabulary, narrow),
        "positions.weight": (shape.positions, narrow),
        "types.weight": (shape.types, narrow),
    }
    pairs: dict[str, tuple[int, ...]] = {"norm": (narrow,)}
    if narrow != width:
        pairs["project"] = (width, narrow)
    layer: dict[str, tuple[int, ...]] = {"feed_in": (feed, width), "feed_out": (width, feed)}
    layer |= dict.fromkeys(("query", "key", "value", "attention_out"), (width, width))
    layer |= dict.fromkeys(("attention_norm", "feed_norm"), (width,))
    pairs |= {f"layers.{number}.{name}": size for number in range(shape.layers) for name, size in layer.items()}
    for name, size in pairs.items():
        found |= {f"{name}.weight": size, f"{name}.bias": size[:1]}
    if shape.relative:
        found["relative.weight"] = (shape.relative, shape.heads)
    return found


class WeightsFile:
    """The tensors of one or several safetensors files by the names of `BertEncoder`; opening reads the headers alone.

    Args:
        files: In any order.
        config: The content of config.json.
        shape: As `shape_of` gives it.

    Raises:
        ModelFolderUnusable: A file is damaged, or a tensor is missing or of another size than config.json says.
    """

    def __init__(self, files: list[Path], config: Mapping[str, Any], shape: BertShape) -> None:
        self.shape, self._skipped = shape, unused_places(config)
        prefix = layout_of(config).prefix
        stored: dict[str, tuple[Path, str, tuple[int, ...]]] = {}
        for path in files:
            for key, size in _header(path).items():
                # Old checkpoints call the weight and the bias of a norm so.
                name = key.removeprefix(prefix).replace(".gamma", ".weight").replace(".beta", ".bias")
                stored[name] = (path, key, size)
        self._found: dict[str, tuple[Path, str]] = {}
        sizes = sizes_of(shape)
        for ours, theirs in names_of(config, shape).items():
            if theirs not in stored:
                raise ModelFolderUnusable(f"{files[0]} holds no {theirs}, which {config['model_type']} needs.")
            path, key, size = stored[theirs]
            wanted = sizes[ours]
            if ours == "positions.weight":
                wanted = (wanted[0] + self._skipped, wanted[1])
            if size != wanted:
                raise ModelFolderUnusable(
                    f"{path}: {key} has the size {list(size)}, but by config.json it is {list(wanted)}."
                )
            self._found[ours] = (path, key)

    def weights(self, pieces: list[int] | None = None) -> Weights:
        """Return float32 arrays by parameter name; `pieces` keeps only these rows of the word table."""
        import numpy as np
        from safetensors import safe_open

        out: Weights = {}
        for path in sorted({path for path, _key in self._found.values()}):
            # Through torch, since NumPy has no bfloat16.
            with safe_open(path, framework="pt") as stored:
                for ours, (place, key) in self._found.items():
                    if place == path:
                        out[ours] = stored.get_tensor(key).float().numpy()
        out["positions.weight"] = out["positions.weight"][self._skipped :]
        if "types.weight" not in out:
            out["types.weight"] = np.zeros(sizes_of(self.shape)["types.weight"], np.float32)
        if pieces is not None:
            out["words.weight"] = out["words.weight"][pieces]
        return out


def _header(path: Path) -> dict[str, tuple[int, ...]]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as stored:
            return {key: tuple(stored.get_slice(key).get_shape()) for key in stored.keys()}  # noqa: SIM118 (no mapping)
    except (SafetensorError, OSError) as error:
        raise ModelFolderUnusable(f"{path} is no whole safetensors file: {str(error)[:200]}") from None
