"""Trainings with a policy of augmentation: what is learned from, that it is the same again, and what is refused."""

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file

from curation.engine.augment import TextAugmenter, read_policy
from modeling.engine.augmentation.fitting import policy_for
from modeling.engine.augmentation.texts import TextChanges, text_changes
from modeling.engine.data import Examples, Span
from modeling.engine.errors import Cancelled, EngineError
from modeling.engine.families.features import VectorRows
from modeling.engine.training import TrainingContext, TrainingSettings, get_family, train
from tests.modeling.engine.families.test_pictures import singles

SWAP = {"version": 1, "copies": 2, "seed": 1, "steps": [{"use": "swap_words", "share": 0.3}]}
FLIP = {"version": 1, "steps": [{"use": "flip"}]}
LEARNING = {"version": 1, "steps": [{"use": "tfidf", "share": 0.3}, {"use": "keyboard", "chance": 0.5}]}


@pytest.fixture(scope="module")
def few(sms):
    """24 messages to learn from, 12 to choose by, 12 to judge by."""
    wanted = {"train": 24, "validation": 12, "test": 12}
    rows = []
    for split, count in wanted.items():
        for label in ("ham", "spam"):
            own = [i for i, both in enumerate(zip(sms.splits, sms.answers, strict=True)) if both == (split, label)]
            rows += own[: count // 2]
    return sms.rows(rows)


def reviews() -> Examples:
    return Examples.of(
        "text-classification",
        ["good film", "bad film", "fine and good film", "bad and dull film", "good", "bad"],
        ["yes", "no", "yes", "no", "yes", "no"],
        ["train", "train", "train", "train", "validation", "test"],
    )


def test_copies_stand_for_training_rows_alone_and_never_twice():
    changes = text_changes(reviews().part("train"), TrainingSettings(augment=SWAP, seed=4), TrainingContext())
    made, parents = changes.copies()
    rows = [(row, made.inputs[copy], made.answers[copy], made.ids[copy]) for copy, row in enumerate(parents.tolist())]
    # The second copies of the first two rows and of the third are as the first ones.
    assert rows == [
        (0, "film good", "yes", "0, copy 1"),
        (1, "film bad", "no", "1, copy 1"),
        (2, "fine good and film", "yes", "2, copy 1"),
        (3, "bad and film dull", "no", "3, copy 1"),
        (3, "and bad dull film", "no", "3, copy 2"),
    ]
    assert set(made.splits) == {"train"}


def test_spans_of_copies_are_where_their_words_are():
    texts = Examples(
        "ner", ("see Ann in Rome today",), ((Span(4, 7, "PER"), Span(11, 15, "LOC")),), ("train",), ("a",), None
    )
    policy = read_policy("version: 1\nsteps: [{use: delete_words, share: 0.4}]\n")
    (text,), (spans,) = TextChanges(TextAugmenter(policy, 0), texts).marked(1)
    assert text != texts.inputs[0]
    assert [(text[span.start : span.end], span.label) for span in spans] == [("Ann", "PER"), ("Rome", "LOC")]


def test_rows_with_copies_are_shown_as_each_in_turn():
    rows = VectorRows(np.array([[0.0], [10.0]]), np.eye(2), copies=np.array([[1.0], [2.0]]), parents=np.array([0, 0]))
    shown = []
    for epoch in range(4):
        rows.begin_epoch(epoch)
        shown.append(rows.inputs(np.array([0, 1]))[0].ravel().tolist())
    assert shown == [[0.0, 10.0], [1.0, 10.0], [2.0, 10.0], [0.0, 10.0]]


@pytest.mark.parametrize("family", ["tfidf-linear", "encoder-linear", "encoder-head", "from-scratch"])
def test_a_policy_changes_a_model_and_the_same_one_gives_the_same(few, cache_dir, tmp_path, family):
    def trained(name: str, **settings):
        chosen = TrainingSettings(
            family=family, epochs=2 if family != "encoder-linear" else None, threads=1, **settings
        )
        return train(few, tmp_path / name, chosen, TrainingContext(cache_dir=cache_dir, vectors_dir=tmp_path / "v"))

    first, second, plain = trained("a", augment=LEARNING), trained("b", augment=LEARNING), trained("c")
    assert first.facts == second.facts
    texts = few.part("test").inputs
    said = [model.raw(texts, TrainingContext(cache_dir=cache_dir)) for model in (first, second, plain)]
    assert np.array_equal(said[0], said[1])
    assert not np.array_equal(said[0], said[2])
    copies = first.facts.get("augmented_copies")
    assert copies == (None if family == "from-scratch" else 24)
    assert "augmented_copies" not in plain.facts


def test_a_fine_tuning_that_was_cut_off_goes_on_with_the_same_changed_texts(few, tmp_path):
    settings = TrainingSettings(
        family="fine-tuning", encoder="minilm", epochs=2, batch_size=4, threads=1, device="cpu", augment=SWAP
    )
    # Twelve to learn from are three steps an epoch, four to choose by, four to judge by.
    parts = ((0, 6), (12, 6), (24, 2), (30, 2), (36, 2), (42, 2))
    few = few.rows([row for start, rows in parts for row in range(start, start + rows)])
    steps = []
    with pytest.raises(Cancelled):
        train(
            few,
            tmp_path / "broken",
            settings,
            TrainingContext(checkpoints=tmp_path / "kept", on_step=steps.append, cancelled=lambda: len(steps) == 4),
        )
    assert list((tmp_path / "kept").iterdir())
    resumed = train(few, tmp_path / "resumed", settings, TrainingContext(checkpoints=tmp_path / "kept"))
    whole = train(few, tmp_path / "whole", settings)
    made = [load_file(model.folder / "tuned.safetensors") for model in (resumed, whole)]
    assert all(np.array_equal(made[0][name], made[1][name]) for name in made[1])
    assert resumed.facts["history"] == whole.facts["history"]


def test_copies_of_pictures_teach_a_head(tmp_path, cache_dir):
    context = TrainingContext(cache_dir=cache_dir, vectors_dir=tmp_path / "vectors")
    settings = TrainingSettings(family="picture-head", epochs=4, threads=1, augment=FLIP)
    data = singles(tmp_path)
    model, again = (train(data, tmp_path / name, settings, context) for name in ("model", "again"))
    pictures = [np.asarray(Image.open(path)) for path in data.part("train").inputs]
    # Two things stand as far from the top as from the bottom.
    assert sum(bool((pixels != pixels[::-1]).any()) for pixels in pictures) == 18
    assert model.facts["augmented_copies"] == 18
    assert again.facts == model.facts


def test_mixed_pictures_have_mixed_answers(tmp_path):
    mixing = {"version": 1, "steps": [{"use": "mixup", "alpha": 10.0}]}
    settings = TrainingSettings(family="picture-cnn", epochs=1, threads=1, augment=mixing)
    model = train(singles(tmp_path, grey=True), tmp_path / "model", settings)
    # Of answers that are sure at first, a network that knows nothing is off by log 2; mixed ones keep it from less.
    assert model.facts["history"][0]["loss"] > 0.3


def test_what_does_not_fit_is_refused_with_a_sentence(tmp_path, cache_dir):
    data = reviews()

    def said(augment, family="encoder-linear", examples=data) -> str:
        with pytest.raises(EngineError) as refused:
            train(examples, tmp_path, TrainingSettings(family=family, augment=augment))
        assert refused.value.code == "bad_augmentation"
        return str(refused.value)

    assert said(FLIP) == (
        "The augmentation changes pictures, and the task text-classification learns from texts. Take a policy of "
        "texts, or leave augment out."
    )
    assert said(FLIP, "auto") == said(FLIP)
    assert said({"version": 1, "steps": [{"use": "swap"}]}).startswith(
        "The augmentation cannot be used: Line 1: Step 1 uses 'swap', which there is not. Choose one of keyboard,"
    )
    signs = singles(tmp_path)
    mixing = {"version": 1, "steps": [{"use": "mixup"}]}
    assert said(mixing, "picture-head", signs).startswith(
        "mixup joins pictures on the fly, and the family picture-head"
    )
    assert said({"version": 1, "steps": [{"use": "mosaic"}]}, "picture-cnn", signs) == (
        "Step 1 of the augmentation, mosaic, is for boxes and polygons; take it out for the task image-classification."
    )
    rows = Examples.of(
        "table", [{"a": number} for number in range(4)], list("xyxy"), ["train", "train", "validation", "test"]
    )
    assert said(SWAP, "table-linear", rows).startswith("The task table takes no augmentation")


def test_a_policy_is_read_with_all_its_settings():
    assert policy_for(SWAP, reviews().kind).to_json()["steps"] == [
        {"use": "swap_words", "chance": 1.0, "share": 0.3, "inside_spans": False}
    ]
    assert get_family("table-linear").augments == ""


@pytest.mark.parametrize("family", ["tagger-linear", "tagger"])
def test_taggers_learn_from_changed_texts(tmp_path, family):
    texts = ["Ann lives in Rome today", "Bob works in Paris now", "Ann met Bob in Rome twice"] * 4
    spans = [(Span(0, 3, "PER"), Span(text.index("in ") + 3, text.rindex(" "), "LOC")) for text in texts]
    data = Examples.of("ner", texts, spans, ["train"] * 6 + ["validation"] * 3 + ["test"] * 3)
    settings = {"family": family, "epochs": 2, "threads": 1, "device": "cpu"}
    first, second = (train(data, tmp_path / name, TrainingSettings(**settings, augment=SWAP)) for name in "ab")
    plain = train(data, tmp_path / "plain", TrainingSettings(**settings))
    assert first.facts == second.facts
    assert first.facts["history"] != plain.facts["history"]
    assert first.facts.get("augmented_copies") == (7 if family == "tagger-linear" else None)
