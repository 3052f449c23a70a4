from curation.engine.steps.table import STEPS
from curation.wording import REASONS, STEP_TEXTS


def test_every_step_and_reason_has_its_words() -> None:
    assert set(STEP_TEXTS) == set(STEPS)
    assert set(REASONS) == {reason for step in STEPS.values() for reason in step.reasons}
