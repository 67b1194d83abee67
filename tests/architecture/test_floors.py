"""Foreign keys go the way of imports: downwards only. import-linter does not see those that are named by strings."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

from django.apps import apps
from django.db.models import Field, Model

ROOT = Path(__file__).parents[2]


def floors() -> dict[str, int]:
    """The app's name and the height of its floor, from the contract that import-linter holds; in it, what is
    not built yet stands in brackets."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["name"] == "Floors")
    return {
        app.strip(" ()"): height for height, layer in enumerate(reversed(layers)) for app in layer.split("|")
    }


def relations() -> Iterator[tuple[type[Model], Field, type[Model]]]:
    """Every foreign key and many-to-many between models of ours."""
    for model in apps.get_models():
        for field in [*model._meta.fields, *model._meta.many_to_many]:
            if field.related_model and model.__module__.startswith("apps."):
                yield model, field, field.related_model


def app_of(model: type[Model]) -> str:
    return model.__module__.split(".")[1]


def points_upwards(model: type[Model], target: type[Model]) -> bool:
    if not target.__module__.startswith("apps."):
        return False
    height = floors()
    same = app_of(model) == app_of(target)
    return not same and height[app_of(target)] >= height[app_of(model)]


def test_foreign_keys_point_downwards() -> None:
    wrong = [
        f"{model.__name__}.{field.name}"
        for model, field, target in relations()
        if points_upwards(model, target)
    ]
    assert wrong == []


def test_an_upward_key_would_be_found() -> None:
    operation, account = apps.get_model("operations", "Operation"), apps.get_model("ledger", "Account")
    assert points_upwards(operation, account)
    assert not points_upwards(account, operation)


def test_every_app_has_a_floor_and_a_readme() -> None:
    ours = {path.parent.name for path in (ROOT / "apps").glob("*/__init__.py")}
    assert ours <= set(floors())
    assert [app for app in ours if not (ROOT / "apps" / app / "README.md").is_file()] == []


def test_the_floors_are_those_of_the_design() -> None:
    """Nineteen apps on ten floors; siblings do not import each other."""
    height = floors()
    assert len(height) == 19
    assert [height[app] for app in ("core", "operations", "ledger", "accounts", "transfers", "console")] == [
        0,
        1,
        2,
        3,
        5,
        9,
    ]
    assert height["ledger"] == height["providers"] == height["rates"]
