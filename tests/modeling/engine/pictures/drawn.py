"""Small pictures drawn for tests: discs and squares of one colour each on grey."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from modeling.engine.data import Shape

COLOURS = {"disc": (200, 40, 40), "square": (40, 60, 200)}


def draw_scene(path: Path, seed: int, count: int = 3, side: int = 96) -> tuple[Shape, ...]:
    """Save a picture of `count` things that do not touch, and return the boxes around them."""
    generator = np.random.default_rng(seed)
    image = Image.new("RGB", (side, side), (128, 130, 126))
    pen = ImageDraw.Draw(image)
    places = generator.permutation(9)[:count].tolist()
    shapes = []
    for place in places:
        label = str(generator.choice(["disc", "square"]))
        size = int(generator.integers(18, 28))
        left = place % 3 * 32 + int(generator.integers(0, 32 - size))
        top = place // 3 * 32 + int(generator.integers(0, 32 - size))
        drawn = pen.ellipse if label == "disc" else pen.rectangle
        drawn([left, top, left + size - 1, top + size - 1], fill=COLOURS[label])
        shapes.append(Shape(label, "box", ((left, top), (left + size, top + size))))
    image.save(path)
    return tuple(shapes)


def draw_single(path: Path, label: str, seed: int, side: int = 32, *, grey: bool = False) -> Path:
    """Save a picture of one thing somewhere and return its path."""
    generator = np.random.default_rng(seed)
    image = Image.new("L" if grey else "RGB", (side, side), 120 if grey else (120, 125, 118))
    pen = ImageDraw.Draw(image)
    size = int(generator.integers(side // 2, side * 3 // 4))
    left, top = (int(place) for place in generator.integers(0, side - size, 2))
    drawn = pen.ellipse if label == "disc" else pen.rectangle
    drawn([left, top, left + size, top + size], fill=230 if grey else COLOURS[label])
    image.save(path)
    return path
