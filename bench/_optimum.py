"""Time optimum's dynamic int8 of an encoder beside ours: python _optimum.py FOLDER_OF_WEIGHTS FOLDER_OF_TEXTS.

Runs in an environment that has optimum[onnxruntime]; compress_families.py calls it. The folder of texts holds
texts.json and our graphs fp32.onnx and int8.onnx of the same encoder.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import onnxruntime
from optimum.onnxruntime import ORTModelForFeatureExtraction, ORTQuantizer
from optimum.onnxruntime.configuration import AutoQuantizationConfig
from tokenizers import Tokenizer


def session_of(path: Path) -> onnxruntime.InferenceSession:
    """Open a graph with one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def vectors_of(session: onnxruntime.InferenceSession, rows: list[list[int]]) -> tuple[np.ndarray, float]:
    """Return mean-pooled vectors of length 1 and the median processor milliseconds of a text."""
    names = {one.name for one in session.get_inputs()}
    out, times = [], []
    for row in [*rows[:3], *rows]:
        ids = np.array([row], np.int64)
        known = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        start = time.process_time()
        first = session.run(None, {name: value for name, value in known.items() if name in names})[0]
        times.append((time.process_time() - start) * 1000)
        mean = first.mean(axis=1)[0] if first.ndim == 3 else first[0, : first.shape[1] // 2]
        out.append(mean / np.linalg.norm(mean))
    return np.array(out[3:]), float(np.median(times[3:]))


def main() -> None:
    """Print one table."""
    weights, folder = Path(sys.argv[1]), Path(sys.argv[2])
    tokenizer = Tokenizer.from_file(str(weights / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(256)
    rows = [encoding.ids for encoding in tokenizer.encode_batch(json.loads((folder / "texts.json").read_text()))]
    with tempfile.TemporaryDirectory() as scratch:
        ORTModelForFeatureExtraction.from_pretrained(weights, export=True).save_pretrained(scratch)
        graphs = {"ours, float32": folder / "fp32.onnx", "ours, int8": folder / "int8.onnx"}
        graphs["optimum, float32"] = Path(scratch) / "model.onnx"
        for per_channel in (False, True):
            made = Path(scratch) / str(per_channel)
            config = AutoQuantizationConfig.avx2(is_static=False, per_channel=per_channel)
            ORTQuantizer.from_pretrained(scratch).quantize(save_dir=made, quantization_config=config)
            name = "optimum, int8 (avx2)" + (" per channel" if per_channel else "")
            graphs[name] = made / "model_quantized.onnx"
        print("| graph of MiniLM | MB | ms a text | cosine to float |\n| --- | ---: | ---: | ---: |")
        plain = None
        for name, path in graphs.items():
            vectors, spent = vectors_of(session_of(path), rows)
            plain = vectors if plain is None else plain
            cosine = float((vectors * plain).sum(axis=1).mean())
            print(f"| {name} | {path.stat().st_size / 1e6:.1f} | {spent:.2f} | {cosine:.4f} |")


if __name__ == "__main__":
    main()
