"""The tables of places are whole: a new model, field or folder of objects needs a row."""

import ast
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import models

from modeling.services.erasure_places import BLANKED, EMPTY, OBJECTS, OTHERS, REMOVED, REPORTED, REWRITTEN, TABLES

ROOT = Path(__file__).resolve().parents[3]
APPS = ("accounts", "core", "curation", "labeling", "modeling", "workers")
TEXTS = (models.CharField, models.TextField, models.JSONField, models.BinaryField, ArrayField)
MODELS = [model for model in apps.get_models() if not model._meta.proxy]


def texts_of(model: type[models.Model]) -> set[str]:
    return {field.name for field in model._meta.concrete_fields if isinstance(field, TEXTS)}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_every_field_of_text_has_its_place(model: type[models.Model]) -> None:
    assert model._meta.label in TABLES, "say in modeling/services/erasure_places.py what an erasure does with it"
    table = TABLES[model._meta.label]
    lists = (table.blanked, table.reported, table.harmless)
    assert texts_of(model) == {name for names in lists for name in names}
    assert sum(map(len, lists)) == len({name for names in lists for name in names}), "a field stands in two lists"
    if table.reported or not (table.rows or table.blanked or table.owner):
        assert str(table.reason), "say why it is only reported"
    if table.owner:
        assert model._base_manager.filter(**{table.owner: 1}).query


def test_no_row_is_of_a_model_that_is_gone() -> None:
    assert set(TABLES) == {model._meta.label for model in MODELS}


def test_every_folder_of_objects_has_its_place() -> None:
    """Keys are made by one resolver, so its callers name all folders there are."""
    found: dict[str, str] = {}
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and ast.unparse(node.func) == "objects.key" and node.args:
                    first = node.args[0]
                    if isinstance(first, ast.Constant):
                        found[str(first.value)] = str(path.relative_to(ROOT))
    assert len(found) >= 10
    assert set(found) == set(OBJECTS), {name: found.get(name) for name in set(found) ^ set(OBJECTS)}


def test_actions_are_known_and_reasons_given() -> None:
    for store in [*OBJECTS.values(), *OTHERS.values()]:
        assert store.action in {REMOVED, REWRITTEN, REPORTED}
        assert str(store.reason)
    assert {table.rows for table in TABLES.values()} <= {"", REMOVED, REWRITTEN, BLANKED, EMPTY}
