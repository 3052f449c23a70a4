"""Search for settings: which ones are worth it for a family, trials drawn by Optuna, and what they tell."""

from modeling.engine.tuning.search import run_search
from modeling.engine.tuning.space import SPACES, UNSEARCHED, space_of

__all__ = ["SPACES", "UNSEARCHED", "run_search", "space_of"]
