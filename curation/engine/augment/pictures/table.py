"""Every augmentation of pictures by its name. Adding one: a class in a file beside this, a row here, a test."""

from typing import Any

PICTURES: dict[str, Any] = {}
