import pytest

from curation.engine.augment.policy import (
    Policy,
    PolicyError,
    each_alone,
    offered,
    policy_of,
    read_policy,
    rows,
    subpolicies,
    with_setting,
    without_each,
)

POLICY = """\
version: 1
copies: 2
seed: 7
steps:
- use: keyboard
  share: 0.2
- use: swap_words
  chance: 0.5
- use: delete_words
"""


def test_a_policy_is_read_with_all_settings() -> None:
    policy = read_policy(POLICY)
    assert (policy.kind, policy.copies, policy.seed) == ("text", 2, 7)
    assert [(step.use, step.chance) for step in policy.steps] == [
        ("keyboard", 1.0), ("swap_words", 0.5), ("delete_words", 1.0),
    ]  # fmt: skip
    assert policy.steps[0].settings == {"share": 0.2, "letters": 1, "layout": "en", "inside_spans": True}
    assert read_policy(policy.to_yaml()) == policy == policy_of(policy.to_json())
    assert read_policy(policy.to_yaml()).fingerprint() == policy.fingerprint()


@pytest.mark.parametrize(
    ("text", "line", "step", "said"),
    [
        ("steps: [{use: ocr}]", 0, 0, "version is None; say version: 1."),
        ("version: 2\nsteps: [{use: ocr}]", 1, 0, "Line 1: version is 2; say version: 1."),
        ("version: 1", 0, 0, "The policy has no steps. Say steps: with a list of {use: NAME} below it."),
        ("version: 1\nsteps: []", 2, 0, "Line 2: steps is a list of 1 to 50 steps, each {use: NAME}."),
        ("version: 1\nstepz: []", 2, 0, "Line 2: A policy has no stepz. It has version, copies, seed, steps."),
        ("version: 1\nsteps:\n- ocr", 3, 1, "Line 3: Step 1 reads {use: NAME, …}."),
        ("version: 1\nsteps:\n- use: ocr\n- use: orc", 4, 2, "Line 4: Step 2 uses 'orc', which there is not."),
        ("version: 1\nsteps:\n- share: 1", 3, 1, "Line 3: Step 1 has no use. Choose one of keyboard, ocr,"),
        (
            "version: 1\nsteps:\n- use: ocr\n  shear: 1",
            4, 1, "Line 4: Step 1 (ocr) has no setting shear. It has chance, share, letters, inside_spans.",
        ),
        (
            "version: 1\nsteps:\n- use: ocr\n  share: 3",
            4, 1, "Line 4: Step 1 (ocr): share is 3; it must be a number from 0 to 1.",
        ),
        (
            "version: 1\nsteps:\n- use: ocr\n  letters: 1.5",
            4, 1, "Line 4: Step 1 (ocr): letters is 1.5; it must be a whole number from 1 to 5.",
        ),
        (
            "version: 1\nsteps:\n- use: ocr\n  inside_spans: 1",
            4, 1, "Line 4: Step 1 (ocr): inside_spans is 1; it must be true or false.",
        ),
        (
            "version: 1\nsteps:\n- use: letters\n  action: sawp",
            4, 1, 'Line 4: Step 1 (letters): action is "sawp"; it must be one of substitute, insert, swap, delete.',
        ),
        ("version: 1\ncopies: 0\nsteps: [{use: ocr}]", 2, 0, "Line 2: copies is 0; it must be a whole number from 1"),
        ("version: 1\ncopies: yes\nsteps: [{use: ocr}]", 2, 0, "Line 2: copies is true; it must be a whole number"),
        ("version: 1\nversion: 1\nsteps: [{use: ocr}]", 2, 0, "Line 2: The policy says version twice."),
        ("version: 1\nsteps: &a [{use: ocr}]\nseed: *a", 0, 0, "This is no YAML: a plan has no aliases"),
        ("- a", 0, 0, "A policy has the keys version, copies, seed, steps; this one has none of them."),
        ("", 0, 0, "A policy has the keys"),
        ("a: [", 0, 0, "This is no YAML"),
        ("[" * 20_000, 0, 0, "This is no YAML"),
        ("version: 2026-99-99", 1, 0, "Line 1: This value cannot be read"),
        ("x" * 100_001, 0, 0, "A policy has at most 100,000 characters; this one has 100,001."),
    ],
)  # fmt: skip
def test_a_mistake_says_where_it_is_and_what_would_be_right(text: str, line: int, step: int, said: str) -> None:
    with pytest.raises(PolicyError) as raised:
        read_policy(text)
    assert str(raised.value).startswith(said)
    assert (raised.value.line, raised.value.step) == (line, step)


def test_texts_and_pictures_have_policies_of_their_own() -> None:
    with pytest.raises(PolicyError, match="keyboard changes texts and turn changes pictures"):
        read_policy("version: 1\nsteps:\n- use: keyboard\n- use: turn\n")


def test_every_row_says_what_it_does_and_takes_its_defaults() -> None:
    assert [row["name"] for row in offered()] == list(rows())
    for name, row in rows().items():
        assert name == row.name
        assert row.what.endswith(".")
        assert row.tasks
        assert all(setting.takes(setting.default) for setting in row.settings)


def uses(policies: list[Policy]) -> list[str]:
    return [" ".join(step.use for step in policy.steps) for policy in policies]


def test_subpolicies_are_enumerated() -> None:
    policy = read_policy(POLICY)
    lacking = list(without_each(policy))
    assert [step.use for step, _rest in lacking] == ["keyboard", "swap_words", "delete_words"]
    assert uses([rest for _step, rest in lacking]) == [
        "swap_words delete_words", "keyboard delete_words", "keyboard swap_words",
    ]  # fmt: skip
    assert uses([alone for _step, alone in each_alone(policy)]) == ["keyboard", "swap_words", "delete_words"]
    assert uses(list(subpolicies(policy, 2))) == [
        "keyboard", "swap_words", "delete_words",
        "keyboard swap_words", "keyboard delete_words", "swap_words delete_words",
    ]  # fmt: skip
    assert len(list(subpolicies(policy))) == 7
    assert list(without_each(next(subpolicies(policy)))) == []


def test_one_setting_is_changed_for_a_search() -> None:
    policy = read_policy(POLICY)
    stronger = with_setting(policy, 0, "share", 0.5)
    assert stronger.steps[0].settings["share"] == 0.5
    assert stronger.steps[1:] == policy.steps[1:]
    with pytest.raises(PolicyError, match="share is 2"):
        with_setting(policy, 0, "share", 2)
