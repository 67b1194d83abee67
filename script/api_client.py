"""Writes clients/python from docs/openapi.yaml: `python -m script.api_client [FOLDER]`.

The types are made by datamodel-code-generator; here one method is made for each operation.
"""

import re
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs/openapi.yaml"
PACKAGE = ROOT / "clients/python/countinghouse_client"

Schema = dict[str, Any]
TYPES = {"string": "str", "integer": "int", "boolean": "bool", "object": "dict[str, Any]"}
OWN_HEADERS = {"Api-Version", "Request-Id", "Idempotency-Key", "Retry-Of"}
"""Those that every method has, or none needs."""

HEADING = '''"""One method for each operation of the API: made by script/api_client.py from docs/openapi.yaml."""

from typing import Any, Literal, TypedDict, Unpack, cast

from countinghouse_client import models
from countinghouse_client.transport import Page, Transport, part

'''


class Operation:
    """One operation of the document."""

    def __init__(self, document: Schema, path: str, method: str, found: Schema) -> None:
        self.document, self.path, self.method, self.found = document, path, method, found

    @property
    def name(self) -> str:
        """A command's without its app."""
        name: str = self.found["operationId"]
        if name == "bulk_run":
            return "run_bulk"
        return name.split("_", 1)[1] if self.method == "post" else name

    @property
    def parameters(self) -> list[Schema]:
        """Those of the path and of the query."""
        found = [self._resolved(each) for each in self.found.get("parameters", ())]
        return [each for each in found if each["name"] not in OWN_HEADERS and each["name"] != "preview"]

    @property
    def is_list(self) -> bool:
        """Whether it answers in pages."""
        return "Link" in self.found["responses"]["200"].get("headers", {})

    def filters(self) -> str:
        """The type of the query of a list or of another read."""
        rows = "".join(f"    {each['name']}: {_type(each['schema'])} | None\n" for each in self._query())
        return f"class {self._filters}(TypedDict, total=False):\n{rows}\n\n" if rows else ""

    def as_method(self) -> str:
        """The method."""
        in_path = [each["name"] for each in self.parameters if each["in"] == "path"]
        given = "".join(f", {name}: str" for name in in_path)
        head, ask = self._command(given) if self.method == "post" else self._read(given)
        told = [f"{self.found['summary'].rstrip('.')}.", "", *textwrap.wrap(self.found["description"], 100)]
        text = ['"""' + told[0], *told[1:], '"""', ask] if told[2:] else [f'"""{told[0]}"""', ask]
        return f"    {head}\n" + "".join(f"        {line}\n" if line else "\n" for line in text)

    def _read(self, given: str) -> tuple[str, str]:
        asked = f", **query: Unpack[{self._filters}]" if self._query() else ""
        query = "dict(query)" if asked else "{}"
        if self.is_list:
            item = self._item()
            return (
                f"def {self.name}(self{given}{asked}) -> Page[models.{item}]:",
                f"return self._page({self._path()}, {query})",
            )
        answer = f"models.{self._answers()[0]}" if self._content("200") else "bytes"
        return (
            f"def {self.name}(self{given}{asked}) -> {answer}:",
            f'return cast({answer}, self.request("GET", {self._path()}, query={query}))',
        )

    def _command(self, given: str) -> tuple[str, str]:
        schema = self.found["requestBody"]["content"]["application/json"]["schema"]
        body = f"models.{schema['$ref'].split('/')[-1]}"
        answer = " | ".join(f"models.{each}" for each in self._answers())
        named = "idempotency_key: str | None = None, retry_of: str | None = None"
        ask = f"self._command({self._path()}, dict(body), idempotency_key, retry_of)"
        if self.name == "run_bulk":
            named, ask = (
                "later: bool = False",
                f'self.request("POST", {self._path()}, body=dict(body),'
                ' headers={"Prefer": "respond-async"} if later else None)',
            )
        return (
            f"def {self.name}(self{given}, *, {named}, **body: Unpack[{body}]) -> {answer}:",
            f'return cast("{answer}", {ask})',
        )

    def _answers(self) -> list[str]:
        """What it answers when it is done; of a bulk also what it answers before."""
        found = []
        for status in ("201", "200", "202"):
            schema = self._content(status)
            named = [schema, *schema.get("anyOf", ())]
            found += [each["$ref"].split("/")[-1] for each in named if "$ref" in each]
        return [each for each in found if each not in {"Preview", "Waiting"}]

    def _item(self) -> str:
        page = self._content("200")["$ref"].split("/")[-1]
        items = self.document["components"]["schemas"][page]["properties"]["items"]
        return str(items["items"]["$ref"].split("/")[-1])

    def _content(self, status: str) -> Schema:
        content = self.found["responses"].get(status, {}).get("content", {})
        return dict(content.get("application/json", {}).get("schema", {}))

    def _path(self) -> str:
        filled = re.sub(r"{(\w+)}", r"{part(\1)}", self.path)
        return f'{"f" if filled != self.path else ""}"{filled}"'

    @property
    def _filters(self) -> str:
        return "".join(part.title() for part in self.name.split("_")) + "Query"

    def _query(self) -> list[Schema]:
        return [each for each in self.parameters if each["in"] == "query"]

    def _resolved(self, parameter: Schema) -> Schema:
        if "$ref" not in parameter:
            return parameter
        name = parameter["$ref"].split("/")[-1]
        return dict(self.document["components"]["parameters"][name])


def operations(document: Schema) -> Iterator[Operation]:
    """All operations in the order of the document."""
    for path, methods in document["paths"].items():
        for method, found in methods.items():
            yield Operation(document, path, method, found)


def write(folder: Path) -> None:
    """Both modules, formatted."""
    document = yaml.safe_load(DOCUMENT.read_text(encoding="utf-8"))
    found = list(operations(document))
    client = 'class Client(Transport):\n    """The API, asked with one key."""\n\n'
    queries = "".join(each.filters() for each in found)
    methods = "\n".join(each.as_method() for each in found)
    (folder / "operations.py").write_text(f"{HEADING}\n{queries}{client}{methods}", encoding="utf-8")
    # Made elsewhere, for the generator formats as the nearest pyproject.toml says.
    with tempfile.TemporaryDirectory() as elsewhere:
        made = Path(elsewhere, "models.py")
        _write_types(made)
        (folder / "models.py").write_text(made.read_text(encoding="utf-8"), encoding="utf-8")
    for command in (["check", "--fix", "--select", "I,F401"], ["format"]):
        config = ["--quiet", "--config", str(ROOT / "pyproject.toml")]
        subprocess.run([sys.executable, "-m", "ruff", *command, *config, folder], check=True)


def _write_types(file: Path) -> None:
    subprocess.run(
        [
            *(sys.executable, "-m", "datamodel_code_generator"),
            *("--input", DOCUMENT, "--input-file-type", "openapi", "--output", file),
            *("--output-model-type", "typing.TypedDict", "--target-python-version", "3.11"),
            *("--use-standard-collections", "--use-union-operator", "--enum-field-as-literal", "all"),
            *("--openapi-scopes", "schemas", "--disable-timestamp", "--formatters", "ruff-format"),
        ],
        check=True,
    )


def _type(schema: Schema) -> str:
    if "enum" in schema:
        return f"Literal[{', '.join(repr(each) for each in schema['enum'])}]"
    kind = schema.get("type", "string")
    return TYPES[next(each for each in kind if each != "null") if isinstance(kind, list) else kind]


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else PACKAGE)
