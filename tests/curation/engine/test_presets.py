import pytest

from curation.engine.plan import Plan
from curation.engine.presets import PRESETS
from tests.curation.engine.tiny import apply

PROSE = (
    "The house at the end of our street has stood empty for years. Nobody knows who owned it, and the garden grew wild "
    "with nettles. Last summer a family from the coast moved in and began to repair the roof. Their children play with "
    "a brown dog that barks at every bicycle. We have talked over the fence more than once. It will be good to see "
    "lights behind those windows when winter comes."
)
MENU = "Home\nAbout us\nContact\n" * 20


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_a_plan_that_keeps_prose_and_drops_a_menu(name: str) -> None:
    plan = Plan.from_json(PRESETS[name])
    assert Plan.from_yaml(plan.to_yaml()) == plan
    texts: dict[int, str | None] = {1: PROSE, 2: MENU, 3: "hi"}
    for step in plan.steps:
        result = apply(step, list(texts.values()))
        texts = dict(zip((list(texts)[item - 1] for item in result.kept), result.kept.values(), strict=True))
    assert texts == {1: PROSE}
