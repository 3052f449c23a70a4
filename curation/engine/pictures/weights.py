"""Weights of networks that lie in optional packages, of which nothing else is used."""

from importlib import metadata
from pathlib import Path

from curation.engine.embedding.source import file_sha256


class NoModel(Exception):
    """The weights are not there or are others, in a sentence that says what to do."""


def measured_weights(package: str, file: str, sha256: str, *, missing: str, others: str) -> Path:
    """Return the file of the weights that were measured; others would answer otherwise.

    Args:
        package: Name of the package.
        file: Where the weights lie in it.
        sha256: Of the weights, in hexadecimal digits.
        missing: What to say when the package is not installed.
        others: What to say when it holds other weights.

    Raises:
        NoModel: With one of the two sentences.
    """
    try:
        path = Path(str(metadata.distribution(package).locate_file(file)))
    except metadata.PackageNotFoundError:
        raise NoModel(missing) from None
    if not path.is_file() or file_sha256(path) != sha256:
        raise NoModel(others)
    return path
