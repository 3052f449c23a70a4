"""Tiny encoders in the layout of Hugging Face, written with random weights; no network and no transformers."""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

WIDTH, LAYERS, HEADS, FEED, PLACES = 8, 2, 2, 12, 40
WORDS = [
    *("[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "card", "was", "lost", "stolen", "the", "fee", "is", "too", "high"),
    *("charge", "wrong", "never", "came", ".", "!", "卡", "丢", "了", "费", "太", "高"),
]
BERT = {
    "model_type": "bert",
    "vocab_size": len(WORDS),
    "hidden_size": WIDTH,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "intermediate_size": FEED,
    "max_position_embeddings": PLACES,
    "type_vocab_size": 2,
    "pad_token_id": 0,
}
_PARTS = {
    "attention.self.query": (WIDTH, WIDTH),
    "attention.self.key": (WIDTH, WIDTH),
    "attention.self.value": (WIDTH, WIDTH),
    "attention.output.dense": (WIDTH, WIDTH),
    "attention.output.LayerNorm": (WIDTH,),
    "intermediate.dense": (FEED, WIDTH),
    "output.dense": (WIDTH, FEED),
    "output.LayerNorm": (WIDTH,),
}
_DISTILBERT = {
    "attention.self.query": "attention.q_lin",
    "attention.self.key": "attention.k_lin",
    "attention.self.value": "attention.v_lin",
    "attention.output.dense": "attention.out_lin",
    "attention.output.LayerNorm": "sa_layer_norm",
    "intermediate.dense": "ffn.lin1",
    "output.dense": "ffn.lin2",
    "output.LayerNorm": "output_layer_norm",
}


def bert_tensors(seed: int = 0) -> dict[str, np.ndarray]:
    """Return random weights by BERT's own names."""
    generator = np.random.default_rng(seed)
    sizes = {
        "embeddings.word_embeddings.weight": (len(WORDS), WIDTH),
        "embeddings.position_embeddings.weight": (PLACES, WIDTH),
        "embeddings.token_type_embeddings.weight": (2, WIDTH),
        "embeddings.LayerNorm.weight": (WIDTH,),
        "embeddings.LayerNorm.bias": (WIDTH,),
    }
    for layer in range(LAYERS):
        for name, size in _PARTS.items():
            sizes[f"encoder.layer.{layer}.{name}.weight"] = size
            sizes[f"encoder.layer.{layer}.{name}.bias"] = size[:1]
    return {name: generator.normal(0.5 * name.endswith("Norm.weight"), 0.4, size) for name, size in sizes.items()}


def write(folder: Path, config: dict[str, object], tensors: dict[str, np.ndarray]) -> Path:
    """Write a folder with the tokenizer's word list."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "vocab.txt").write_text("\n".join(WORDS) + "\n", "utf-8")
    save_file({name: value.astype(np.float32) for name, value in tensors.items()}, folder / "model.safetensors")
    return folder


def bert_folder(folder: Path, seed: int = 0) -> Path:
    """Write a BERT as the task heads of transformers save it: names begin with `bert.`, norms with old names."""
    named = {f"bert.{name}": value for name, value in bert_tensors(seed).items()}
    old = {name.replace("Norm.weight", "Norm.gamma").replace("Norm.bias", "Norm.beta"): v for name, v in named.items()}
    return write(folder, BERT, {**old, "cls.predictions.bias": np.zeros(len(WORDS))})


def roberta_folder(folder: Path, seed: int = 0) -> Path:
    """Write the same weights as a RoBERTa: two rows stand before the first position, and there is one type."""
    tensors = bert_tensors(seed)
    name = "embeddings.position_embeddings.weight"
    tensors[name] = np.concatenate([np.full((2, WIDTH), 7.0), tensors[name]])
    tensors["embeddings.token_type_embeddings.weight"] = tensors["embeddings.token_type_embeddings.weight"][:1]
    sizes = {"max_position_embeddings": PLACES + 2, "type_vocab_size": 1, "pad_token_id": 1}
    return write(folder, {**BERT, "model_type": "roberta", **sizes}, {f"roberta.{k}": v for k, v in tensors.items()})


def distilbert_folder(folder: Path, seed: int = 0) -> Path:
    """Write the same weights as a DistilBERT, with the one type of BERT added to each word: it has no types."""
    tensors = bert_tensors(seed)
    types = tensors.pop("embeddings.token_type_embeddings.weight")
    made = {}
    for name, value in tensors.items():
        module, _dot, kind = name.rpartition(".")
        layer, _dot, part = module.removeprefix("encoder.layer.").partition(".")
        made[f"transformer.layer.{layer}.{_DISTILBERT[part]}.{kind}" if part in _DISTILBERT else name] = value
    made["embeddings.word_embeddings.weight"] = made["embeddings.word_embeddings.weight"] + types[0]
    sizes = {"dim": WIDTH, "n_layers": LAYERS, "n_heads": HEADS, "hidden_dim": FEED, "activation": "gelu"}
    more = {name: BERT[name] for name in ("vocab_size", "max_position_embeddings", "pad_token_id")}
    return write(folder, {"model_type": "distilbert", **sizes, **more}, {f"distilbert.{k}": v for k, v in made.items()})
