from curation.engine.pictures.decode import ODDITIES
from curation.engine.pii.scan import LABELS
from curation.engine.plan_check import parameters
from curation.engine.presets import PRESETS
from curation.engine.step_failure import CODE
from curation.engine.steps.table import STEPS
from curation.parameter_words import CHOICES, PARAMETERS, parameter_words
from curation.wording import PICTURE_NOTES, PII_TEXTS, PRESET_TEXTS, REASONS, STEP_GROUPS, STEP_TEXTS


def test_every_step_and_reason_has_its_words() -> None:
    assert set(STEP_TEXTS) == set(STEPS)
    # A plan may go on with items on which any step fails.
    assert set(REASONS) == {reason for step in STEPS.values() for reason in step.reasons} | {CODE}


def test_every_step_is_offered_once() -> None:
    assert sorted(name for _group, names in STEP_GROUPS for name in names) == sorted(STEPS)


def test_every_oddity_of_a_picture_has_its_words() -> None:
    assert list(PICTURE_NOTES) == list(ODDITIES)


def test_every_preset_has_its_words() -> None:
    assert set(PRESET_TEXTS) == set(PRESETS)


def test_every_type_of_personal_data_has_its_words() -> None:
    assert set(PII_TEXTS) == set(LABELS)


def test_every_parameter_and_choice_has_its_words() -> None:
    params = [(name, row) for name, step in STEPS.items() for row in parameters(step)]
    without = [f"{name}.{row['name']}" for name, row in params if not parameter_words(name, row["name"])[1]]
    assert without == []
    choices = {value for _name, row in params for value in row["choices"]}
    assert choices - set(CHOICES) == {"NFC", "NFKC"}
    known = {row["name"] for _name, row in params} | {f"{name}.{row['name']}" for name, row in params}
    assert set(PARAMETERS) <= known
