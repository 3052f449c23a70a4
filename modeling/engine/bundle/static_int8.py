"""Graphs of convolutions in int8 with fixed scales, which pictures of the training part give.

Activations are unsigned, weights signed with a scale per channel and 7 bits: on processors without VNNI, sums of
products of eight bits saturate. Vectors of EfficientNet-Lite0 so compressed have a cosine of .958 to the float ones;
with its first six layers in float, which cost a tenth of the time, .990, with twelve .993. Eight bits of a weight gave
.990 with every layer, but only where there is VNNI; signed activations took half as long again and gave no more.
"""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Feeds = dict[str, np.ndarray[Any, Any]]
# Pictures that give the scales: 8 and 24 gave the same vectors to the third digit.
CALIBRATED = 64
HEAVY = ("Conv", "Gemm", "MatMul")
# What runs in int8: others, such as normalisations, stay in float.
SHRUNK = (*HEAVY, "Add", "Clip", "Relu", "MaxPool")


def static_int8(graph: bytes, feeds: Iterable[Feeds], *, float_first: int = 0, float_last: bool = True) -> bytes:
    """Return a graph with convolutions and matrices in int8.

    Args:
        graph: In float32.
        feeds: Inputs of runs whose least and greatest numbers give the scales; at least one.
        float_first: How many of the layers that see the picture first stay in float.
        float_last: Whether those do behind which there is no other: eight bits of a logit tell too little apart.
    """
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self.left: Iterator[Feeds] = iter(feeds)

        def get_next(self) -> Feeds | None:
            return next(self.left, None)

    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)  # it advises what was done one line above
    try:
        with tempfile.TemporaryDirectory() as scratch:
            plain, ready, small = (Path(scratch) / f"{name}.onnx" for name in ("plain", "ready", "small"))
            plain.write_bytes(graph)
            quant_pre_process(str(plain), str(ready), skip_symbolic_shape=True)
            quantize_static(
                str(ready),
                str(small),
                Reader(),
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                reduce_range=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                op_types_to_quantize=list(SHRUNK),
                nodes_to_exclude=ends_of(ready, first=float_first, last=float_last),
            )
            return small.read_bytes()
    finally:
        root.setLevel(level)


def ends_of(path: Path, *, first: int, last: bool) -> list[str]:
    """Return the names of so many of a graph's first heavy layers, and with `last` of those behind which there is
    none."""
    import onnx

    graph = onnx.load(str(path)).graph
    found = {node.name for node in [node for node in graph.node if node.op_type in HEAVY][:first]}
    if last:
        open_values = {value.name for value in graph.output}
        for node in reversed(graph.node):
            if not open_values & set(node.output):
                continue
            if node.op_type in HEAVY:
                found.add(node.name)
            else:
                open_values |= set(node.input)
    return sorted(found)
