from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for encoder graphs and vectors."""
    return tmp_path_factory.mktemp("models")
