"""A tiny network for pictures, as a file of ONNX."""

from pathlib import Path

import onnx
from onnx import TensorProto, helper


def graph(path: Path, shape: list[str | int], *, outputs: tuple[str, ...] = ()) -> None:
    """Write a network that gives the colours of the middle: the mean of each channel, [b, 3] or [b, 3, 1, 1]."""
    nodes = [
        helper.make_node("GlobalAveragePool", ["pixel_values"], ["map"]),
        helper.make_node("Flatten", ["map"], ["image_embeds"]),
    ]
    made = {
        "map": helper.make_tensor_value_info("map", TensorProto.FLOAT, ["b", 3, 1, 1]),
        "image_embeds": helper.make_tensor_value_info("image_embeds", TensorProto.FLOAT, ["b", 3]),
    }
    given = [helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, shape)]
    body = helper.make_graph(nodes, "network", given, [made[name] for name in outputs or ("map",)])
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(helper.make_model(body, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
