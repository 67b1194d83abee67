"""The schemas of pain.001, as the package `sepaxml` ships them."""

from functools import cache
from importlib import resources
from threading import Lock
from typing import Any

from lxml import etree

from apps.providers.formats.errors import PaymentUnwritable

_one_at_a_time = Lock()


def check(root: Any, version: str) -> None:
    """PaymentUnwritable unless the document is valid by the schema of that version, such as "09"."""
    with _one_at_a_time:
        schema = _schema(version)
        if schema.validate(root):
            return
        error = schema.error_log[0]
        raise PaymentUnwritable(f"The order is no pain.001.001.{version}: {error.message}", field=error.path)


@cache
def _schema(version: str) -> Any:
    file = resources.files("sepaxml") / "schemas" / f"pain.001.001.{version}.xsd"
    return etree.XMLSchema(etree.fromstring(file.read_bytes()))
