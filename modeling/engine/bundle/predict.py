"""Predict with this bundle: python predict.py "a text" ..., or one text a line on standard input. One JSON line each.

Needs: pip install onnxruntime numpy tokenizers
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

if __name__ == "__main__":
    here = Path(__file__).resolve().parent
    labels = json.loads((here / "labels.json").read_text(encoding="utf-8"))
    tokenizer = Tokenizer.from_file(str(here / "tokenizer.json"))
    session = onnxruntime.InferenceSession(str(here / "model.onnx"), providers=["CPUExecutionProvider"])
    for text in sys.argv[1:] or (line.rstrip("\r\n") for line in sys.stdin):
        ids = np.array([tokenizer.encode(text).ids], dtype=np.int64)
        inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        chances = dict(zip(labels, session.run(None, inputs)[0][0].tolist(), strict=True))
        answer = {"label": max(chances, key=chances.__getitem__), "probabilities": chances}
        sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
