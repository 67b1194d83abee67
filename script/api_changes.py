"""What of two OpenAPI documents breaks those who use the older: `python -m script.api_changes OLD NEW`.

Additions pass. What was removed, is newly required, or is narrower than it was, does not: it needs a new version.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

METHODS = ("get", "post", "put", "patch", "delete")
Schema = dict[str, Any]
LIMITS = {"maximum": -1, "maxLength": -1, "maxItems": -1, "minimum": 1, "minLength": 1, "minItems": 1}
"""Each with the direction in which it becomes narrower."""


class Comparison:
    """An older and a newer document."""

    def __init__(self, old: Schema, new: Schema) -> None:
        self.old, self.new = old, new

    def breaks(self) -> list[str]:
        """Each break in words, in the order of the older document."""
        return [found for path, methods in self.old["paths"].items() for found in self._path(path, methods)]

    def _path(self, path: str, methods: Schema) -> Iterator[str]:
        now = self.new["paths"].get(path)
        if now is None:
            yield f"{path} was removed"
            return
        for method in (each for each in METHODS if each in methods):
            where = f"{method.upper()} {path}"
            if method not in now:
                yield f"{where} was removed"
            else:
                yield from self._operation(where, methods[method], now[method])

    def _operation(self, where: str, old: Schema, new: Schema) -> Iterator[str]:
        yield from self._parameters(where, old, new)
        was, now = (self._body(document, each) for document, each in ((self.old, old), (self.new, new)))
        if was is None and now is not None:
            yield f"{where}: a body is needed now"
        elif was is not None and now is not None:
            yield from self._input(f"{where} body", was, now)
        for status, response in old["responses"].items():
            if status not in new["responses"]:
                yield f"{where}: {status} was removed"
            elif status.startswith("2"):
                pair = (self._content(self.old, response), self._content(self.new, new["responses"][status]))
                yield from self._output(f"{where} {status}", *pair)

    def _parameters(self, where: str, old: Schema, new: Schema) -> Iterator[str]:
        was, now = (
            {
                (each["in"], each["name"]): each
                for each in map(document.resolve, operation.get("parameters", ()))
            }
            for document, operation in ((_Document(self.old), old), (_Document(self.new), new))
        )
        for key, each in was.items():
            if key not in now:
                yield f"{where}: the parameter {key[1]} was removed"
                continue
            if now[key].get("required") and not each.get("required"):
                yield f"{where}: the parameter {key[1]} is required now"
            yield from self._input(f"{where} parameter {key[1]}", each["schema"], now[key]["schema"])
        for key, each in now.items():
            if key not in was and each.get("required"):
                yield f"{where}: the new parameter {key[1]} is required"

    def _input(self, where: str, old: Schema, new: Schema) -> Iterator[str]:
        """What was accepted must still be."""
        old, new = _Document(self.old).resolve(old), _Document(self.new).resolve(new)
        if _types(new) and not _types(old) <= _types(new):
            yield f"{where}: {_said(old)} became {_said(new)}"
            return
        yield from _narrower(where, old, new)
        for name in sorted({*new.get("required", ())} - {*old.get("required", ())}):
            yield f"{where}: {name} is required now"
        known = new.get("properties", {})
        for name, schema in old.get("properties", {}).items():
            if name in known:
                yield from self._input(f"{where}.{name}", schema, known[name])
            else:
                yield f"{where}: {name} was removed"
        if "items" in old and "items" in new:
            yield from self._input(f"{where}[]", old["items"], new["items"])

    def _output(self, where: str, old: Schema, new: Schema) -> Iterator[str]:
        """What was promised must still be there."""
        old, new = _Document(self.old).resolve(old), _Document(self.new).resolve(new)
        if _types(old) and not _types(new) <= _types(old):
            yield f"{where}: {_said(old)} became {_said(new)}"
            return
        known = new.get("properties", {})
        for name, schema in old.get("properties", {}).items():
            if name in known:
                yield from self._output(f"{where}.{name}", schema, known[name])
            else:
                yield f"{where}: {name} was removed"
        for name in sorted({*old.get("required", ())} - {*new.get("required", ())} & {*known}):
            if name in known:
                yield f"{where}: {name} may be missing now"
        if "items" in old and "items" in new:
            yield from self._output(f"{where}[]", old["items"], new["items"])

    def _body(self, document: Schema, operation: Schema) -> Schema | None:
        body = operation.get("requestBody")
        return body["content"]["application/json"]["schema"] if body else None

    def _content(self, document: Schema, response: Schema) -> Schema:
        content = _Document(document).resolve(response).get("content", {})
        for media in content.values():
            found: Schema = media.get("schema", {})
            return found
        return {}


class _Document:
    """Follows references."""

    def __init__(self, document: Schema) -> None:
        self.document = document

    def resolve(self, value: Schema) -> Schema:
        """What a reference stands for."""
        while "$ref" in value:
            found: Any = self.document
            for part in value["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            value = found
        return value


def _narrower(where: str, old: Schema, new: Schema) -> Iterator[str]:
    if "enum" in new and not {*map(str, old.get("enum", ["anything"]))} <= {*map(str, new["enum"])}:
        yield f"{where}: fewer values than before"
    for limit, way in LIMITS.items():
        if limit in new and (limit not in old or (new[limit] - old[limit]) * way > 0):
            yield f"{where}: {limit} is {new[limit]} now"
    if "pattern" in new and new["pattern"] != old.get("pattern"):
        yield f"{where}: the pattern is another"


def _types(schema: Schema) -> set[str]:
    named = schema.get("type")
    if named is None and ("oneOf" in schema or "anyOf" in schema):
        parts: list[Schema] = schema.get("oneOf") or schema.get("anyOf") or []
        return {each for part in parts for each in _types(part)}
    return set(named) if isinstance(named, list) else {named} if named else set()


def _said(schema: Schema) -> str:
    return "/".join(sorted(_types(schema))) or "anything"


def main(arguments: list[str]) -> int:
    """Print each break; 1 if there is one."""
    old, new = (yaml.safe_load(Path(name).read_text(encoding="utf-8")) for name in arguments)
    found = Comparison(old, new).breaks()
    print("\n".join(found) or "Nothing breaks.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
