"""Our forward pass of folders in the layout of Hugging Face beside that of transformers.

    python bench/encoder_folders.py [folder ...]

For each type of model a tiny one with random weights is written by transformers, opened by us, and both are run on
three rows of different length. Folders that are named are run too. Printed is the largest difference of a number of the
last layer's states, beside the largest number. Needs the package transformers.
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
import transformers

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from curation.engine.embedding.encode import pad_tokens  # noqa: E402
from curation.engine.embedding.graph import load_encoder  # noqa: E402
from curation.engine.embedding.minilm import MiniLM  # noqa: E402
from curation.engine.embedding.source import EncoderSource  # noqa: E402
from curation.engine.embedding.table import source_in  # noqa: E402

TEXTS = ["A card that never came.", "We shipped it on Monday, and again on Friday. " * 4, "No"]
SIZES: dict[str, Any] = {
    "vocab_size": 30_522,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "max_position_embeddings": 80,
}
DISTILBERT: dict[str, Any] = {"vocab_size": 30_522, "dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 48}
KINDS = {
    "bert": (transformers.BertConfig(**SIZES), transformers.BertModel),
    "bert, gelu_new": (transformers.BertConfig(**SIZES, hidden_act="gelu_new"), transformers.BertModel),
    "roberta": (transformers.RobertaConfig(**SIZES, type_vocab_size=1), transformers.RobertaModel),
    "xlm-roberta": (transformers.XLMRobertaConfig(**SIZES, type_vocab_size=1), transformers.XLMRobertaModel),
    "camembert": (transformers.CamembertConfig(**SIZES, type_vocab_size=1), transformers.CamembertModel),
    "distilbert": (
        transformers.DistilBertConfig(**DISTILBERT, max_position_embeddings=80),
        transformers.DistilBertModel,
    ),
    "electra": (transformers.ElectraConfig(**SIZES, embedding_size=16), transformers.ElectraModel),
    "mpnet": (transformers.MPNetConfig(**SIZES), transformers.MPNetModel),
}


def folders() -> Iterator[tuple[str, Path]]:
    """Give names and folders: of each type a tiny one, then those of the command line."""
    torch.manual_seed(0)
    for name, (config, model) in KINDS.items():
        with tempfile.TemporaryDirectory() as folder:
            made = model(config)
            for parameter in made.parameters():
                # Larger than a fresh model's, so that nothing passes for being near 0.
                torch.nn.init.normal_(parameter, 0.0 if parameter.ndim > 1 else 0.5, 0.3)
            made.save_pretrained(folder)
            MiniLM().tokenizer().save(f"{folder}/tokenizer.json")
            yield name, Path(folder)
    for named in sys.argv[1:]:
        yield Path(named).name, Path(named)


def states(source: EncoderSource, folder: Path) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the last layer's states of the pieces of `TEXTS`, ours and theirs, float32 [pieces, width]."""
    ids, mask = (
        torch.from_numpy(values)
        for values in pad_tokens([one.ids for one in source.tokenizer().encode_batch(TEXTS)], source.pad_id)
    )
    theirs = transformers.AutoModel.from_pretrained(folder).eval()
    with torch.inference_mode():
        ours = load_encoder(source)(ids, mask)
        return ours[mask.bool()], theirs(input_ids=ids, attention_mask=mask).last_hidden_state[mask.bool()]


def main() -> None:
    """Print one line a folder."""
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    print("| model | largest difference | largest number |")
    print("| --- | ---: | ---: |")
    for name, folder in folders():
        ours, theirs = states(source_in(folder), folder)
        print(f"| {name} | {(ours - theirs).abs().max():.1e} | {theirs.abs().max():.2f} |", flush=True)


if __name__ == "__main__":
    main()
