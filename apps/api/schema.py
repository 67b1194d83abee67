"""The OpenAPI document, made from commands, resources and the views' own declarations."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent

from apps.api import problems
from apps.api.examples import example_of
from apps.api.versions import CURRENT
from apps.core import ids

READ_REFUSALS = (400, 401, 403, 404, 405, 406, 429, 500, 503)
WRITE_REFUSALS = (400, 401, 403, 404, 405, 406, 409, 411, 413, 415, 422, 429, 500, 503)

ANY: dict[str, Any] = {}
TEXT: dict[str, Any] = {"type": "string"}
Schema = dict[str, Any]


class IdSchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """An id with its prefix."""

    target_class = "apps.core.serializer_fields.IdField"
    match_subclasses = True

    def map_serializer_field(self, auto_schema: AutoSchema, direction: str) -> Schema:
        """Its pattern."""
        body = f"[0-7][{ids.CROCKFORD}]{{{ids.LENGTH - 1}}}"
        return {"type": "string", "pattern": f"^{self.target.prefix}_{body}$"}


class FileSchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """A file in base64."""

    target_class = "apps.core.serializer_fields.FileField"

    def map_serializer_field(self, auto_schema: AutoSchema, direction: str) -> Schema:
        """Text that is bytes."""
        return {"type": "string", "contentEncoding": "base64", "maxLength": self.target.longest}


class MoneySchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """An amount with its currency."""

    target_class = "apps.core.serializer_fields.MoneyField"

    def map_serializer_field(self, auto_schema: AutoSchema, direction: str) -> Schema:
        """A component of its own."""
        schema = {
            "type": "object",
            "required": ["amount", "currency"],
            "properties": {
                "amount": {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$", "examples": ["12.34"]},
                "currency": {"type": "string", "examples": ["EUR"]},
            },
            "description": "Decimal digits as text, no more than the currency has, and its code.",
        }
        return component(auto_schema, "Money", schema)


class CurrencySchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """The code of a currency."""

    target_class = "apps.core.serializer_fields.CurrencyField"

    def map_serializer_field(self, auto_schema: AutoSchema, direction: str) -> Schema:
        """A text."""
        return {"type": "string", "minLength": 3, "maxLength": 5, "examples": ["EUR"]}


class TimeZoneSchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """The name of a time zone: which there are, each system says itself."""

    target_class = "apps.core.serializer_fields.TimeZoneField"

    def map_serializer_field(self, auto_schema: AutoSchema, direction: str) -> Schema:
        """A text."""
        return {"type": "string", "examples": ["Europe/Berlin"]}


class JsonSchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """Any JSON."""

    target_class = "rest_framework.fields.JSONField"

    def map_serializer_field(self, auto_schema: AutoSchema, direction: str) -> Schema:
        """No constraint."""
        return {}


def component(auto_schema: AutoSchema, name: str, schema: Schema) -> Schema:
    """A reference to a schema of this name."""
    found = ResolvedComponent(name=name, type=ResolvedComponent.SCHEMA, schema=schema, object=name)  # type: ignore[no-untyped-call]
    auto_schema.registry.register_on_missing(found)
    return dict(found.ref)


class ApiSchema(AutoSchema):
    """One operation of the document, from what its view declares."""

    def get_operation(self, path: str, path_regex: str, path_prefix: str, method: str, registry: Any) -> Any:
        """The operation, None for routes that are not shown."""
        from apps.api.command_views import CommandView

        self.path, self.path_regex, self.path_prefix, self.method = (
            path,
            path_regex,
            path_prefix,
            method.upper(),
        )
        self.registry = registry
        view = self.view
        if getattr(view, "methods", None) is None:
            return None
        if self.method == "POST" and isinstance(view, CommandView):
            return self._command(view)
        return self._bulk() if self.method == "POST" else self._read(view)

    def _read(self, view: Any) -> Schema:
        from apps.api.read_views import ListView
        from apps.api.view import JSON

        resource: Any = getattr(view, "resource", None)
        known: Mapping[str, Any] = dict(getattr(view, "known", {}))
        output, summary = getattr(view, "output", None), (type(view).__doc__ or "").strip()
        paged = getattr(view, "paged", False)
        if resource is not None:
            output = resource.output
            paged = isinstance(view, ListView)
            summary = resource.summary if paged else f"One {resource.name}"
            known = known if paged else {}
            output = getattr(view, "output", output)
        if view.produces != JSON:
            return self._file(view, summary)
        shown = self._output(output)
        if paged and isinstance(view, ListView):
            shown = self._page(resource.output.__name__.removesuffix("Output"), shown)
        extra = getattr(resource, "description", "") if paged else ""
        return self._operation(
            summary,
            parameters=[self._query(name, field, resource) for name, field in known.items()],
            success={200: shown},
            refusals=READ_REFUSALS,
            scope=view.scope,
            description=extra,
            headers=["Link"] if paged else [],
            identity=getattr(view, "identity", None),
        )

    def _file(self, view: Any, summary: str) -> Schema:
        operation = self._operation(
            summary, parameters=[], success={200: {}}, refusals=READ_REFUSALS, scope=view.scope
        )
        binary = {view.produces: {"schema": {"type": "string", "format": "binary"}}}
        operation["responses"]["200"]["content"] = binary
        return operation

    def _command(self, view: Any) -> Schema:
        from apps.api.doors import success_status

        command = view.command
        in_path = re.findall(r"{(\w+)}", command.path)
        body = self._body(command, in_path)
        result, plan = self._output(command.output), component(self, "Preview", PREVIEWED)
        waiting = component(self, "Waiting", WAITING)
        status = success_status(command)
        example = {name: value for name, value in example_of(command.input()).items() if name not in in_path}
        operation = self._operation(
            str(command.summary),
            parameters=[_shared(name) for name in ("Idempotency-Key", "Retry-Of", "preview")],
            success={status: result if status != 200 else {"anyOf": [result, plan]}, 202: waiting},
            refusals=WRITE_REFUSALS,
            scope=command.scope,
            headers=["Operation-Id", "Idempotent-Replayed"],
            identity=command.name,
        )
        if status != 200:
            preview = {"description": "What it would do, if preview=true.", **_content(plan)}
            operation["responses"]["200"] = {**preview, "headers": _headers([])}
        content = {"schema": body, "examples": {"example": {"value": example}}}
        operation["requestBody"] = {"required": True, "content": {"application/json": content}}
        return operation

    def _bulk(self) -> Schema:
        from apps.api.resources.base import find

        job = self._output(find("bulk").output)
        operation = self._operation(
            "Run many commands",
            parameters=[PREFER],
            success={200: component(self, "BulkAnswers", BULK_ANSWERS), 202: job},
            refusals=WRITE_REFUSALS,
            scope=None,
            description="Up to 10,000 items are answered at once, more, or with Prefer: respond-async, later.",
            identity="bulk.run",
        )
        item = component(self, "BulkItem", BULK_ITEM)
        items = {"type": "array", "items": item, "minItems": 1, "maxItems": 200_000}
        body = {
            "type": "object",
            "required": ["items"],
            "additionalProperties": False,
            "properties": {"items": items},
        }
        schema = component(self, "BulkBody", body)
        operation["requestBody"] = {"required": True, **_content(schema)}
        return operation

    def _operation(
        self,
        summary: str,
        *,
        parameters: list[Schema],
        success: Mapping[int, Schema],
        refusals: tuple[int, ...],
        scope: str | None,
        description: str = "",
        headers: list[str] | None = None,
        identity: str | None = None,
    ) -> Schema:
        responses: Schema = {
            str(status): {
                "description": "Not done yet" if status == 202 else "Done",
                "headers": _headers(headers or []),
                **_content(schema),
            }
            for status, schema in success.items()
        }
        component(self, "Problem", PROBLEM)
        responses |= {str(status): {"$ref": "#/components/responses/Refused"} for status in refusals}
        needs = f"Needs the scope `{scope}`." if scope else ""
        view: Any = self.view
        segments = [part for part in self.path.removeprefix("/v1/").split("/") if part and part[0] != "{"]
        return {
            "operationId": re.sub(
                r"\W", "_", identity or _name_of_read(self.path, "Link" in (headers or []))
            ),
            "summary": summary,
            "description": f"{description} {needs}".strip(),
            "tags": [segments[0]],
            "parameters": [*self._in_path(), _shared("Api-Version"), _shared("Request-Id"), *parameters],
            "security": [{"key": []}] if view.needs_key else [],
            "responses": responses,
        }

    def _in_path(self) -> list[Schema]:
        return [
            {"name": name, "in": "path", "required": True, "schema": TEXT}
            for name in re.findall(r"{(\w+)}", self.path)
        ]

    def _query(self, name: str, field: Any, resource: Any) -> Schema:
        declared = resource.parameters.get(name) if resource else None
        help_text = (declared.help if declared else "") or str(field.help_text or "")
        schema = {
            key: value for key, value in self._field(field).items() if key not in ("default", "description")
        }
        shown: Schema = {"name": name, "in": "query", "required": False, "schema": schema}
        return {**shown, "description": help_text} if help_text else shown

    def _field(self, field: Any) -> Schema:
        return dict(self._map_serializer_field(field, "request"))  # type: ignore[no-untyped-call]

    def _output(self, output: Any) -> Schema:
        return dict(self.resolve_serializer(output, "response").ref)

    def _page(self, name: str, shown: Schema) -> Schema:
        cursor = {"type": ["string", "null"]}
        items = {"type": "array", "items": shown}
        schema = {
            "type": "object",
            "required": ["items", "next", "previous"],
            "properties": {"items": items, "next": cursor, "previous": cursor},
        }
        return component(self, f"{name}Page", schema)

    def _body(self, command: Any, in_path: list[str]) -> Schema:
        """The input without what stands in the path, and with nothing else in it."""
        body = _without(command.input, tuple(in_path))
        if not body().fields:
            empty = {"type": "object", "properties": {}, "additionalProperties": False}
            return component(self, body.__name__, empty)
        shown = self.resolve_serializer(body, "request")
        shown.schema["additionalProperties"] = False
        return dict(shown.ref)


def _name_of_read(path: str, paged: bool) -> str:
    """Such as list_wallets, get_wallet, get_wallet_balances."""
    parts = path.removeprefix("/v1/").split("/")
    names = [
        _singular(part) if index + 1 < len(parts) and parts[index + 1][0] == "{" else part
        for index, part in enumerate(parts)
        if part[0] != "{"
    ]
    return "_".join(["list" if paged else "get", *names])


def _singular(noun: str) -> str:
    return noun.removesuffix("ies") + "y" if noun.endswith("ies") else noun.removesuffix("s")


@cache
def _without(input: type[Any], names: tuple[str, ...]) -> type[Any]:
    return type(input.__name__.removesuffix("Input") + "Body", (input,), dict.fromkeys(names))


def _shared(name: str) -> Schema:
    return {"$ref": f"#/components/parameters/{name}"}


def _content(schema: Schema) -> Schema:
    return {"content": {"application/json": {"schema": schema}}}


def _headers(names: list[str]) -> Schema:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in ["Request-Id", "Api-Version", *names]}


def _header(name: str, description: str, *, required: bool = False, **schema: Any) -> Schema:
    return {
        "name": name,
        "in": "header",
        "required": required,
        "description": description,
        "schema": {"type": "string", **schema},
    }


HEADERS = {
    "Request-Id": "The request's id: the caller's own, or one that was made.",
    "Api-Version": "The version that answers.",
    "Link": 'The next and the previous page, as rel="next" and rel="prev".',
    "Operation-Id": "The operation; GET /v1/operations/{id} tells all of it.",
    "Idempotent-Replayed": "true where this key ran before and this is what it was answered then.",
}
VERSION = _header("Api-Version", "A version by its date; the newest without it.", enum=[CURRENT])
REQUEST_ID = _header(
    "Request-Id",
    "A name of your own for this request: up to 64 letters, digits, _ . : -; any other is replaced.",
)
KEY = _header(
    "Idempotency-Key",
    "New for each new wish; the same to repeat one, which is then done once. Left out with preview=true.",
    required=True,
    minLength=1,
    maxLength=255,
    pattern=r"^[!-~]+$",
)
RETRY_OF = _header("Retry-Of", "The refused operation that is run again, under a new key.", pattern="^op_")
PREFER = _header("Prefer", "`respond-async` answers at once with a bulk to ask for.")
PREVIEW: Schema = {
    "name": "preview",
    "in": "query",
    "required": False,
    "description": "Say what it would do, and do nothing.",
    "schema": {"type": "string", "enum": ["true", "false"]},
}
PROBLEM: Schema = {
    "type": "object",
    "description": "A refusal, as RFC 9457 says it.",
    "required": ["type", "title", "status", "detail", "code", "transient", "request_id"],
    "properties": {
        "type": {
            "type": "string",
            "format": "uri-reference",
            "examples": [f"{problems.DOCUMENTATION}#NOT_FOUND"],
        },
        "title": TEXT,
        "status": {"type": "integer"},
        "detail": TEXT,
        "code": TEXT,
        "transient": {"type": "boolean", "description": "Whether the same request may succeed later."},
        "request_id": TEXT,
        "operation": TEXT,
        "pointer": {"type": "string", "description": "The field, as RFC 6901 points to it."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "detail", "code"],
                "properties": {"pointer": TEXT, "detail": TEXT, "code": TEXT},
            },
        },
        "fields": {"type": "array", "items": TEXT, "description": "What differs from the key's first use."},
        "details": {"type": "object"},
    },
}
WAITING: Schema = {
    "type": "object",
    "description": "The approval request that waits for people.",
    "required": ["approval_request", "approvers_needed"],
    "properties": {"approval_request": TEXT, "approvers_needed": {"type": "integer"}},
}
PREVIEWED: Schema = {
    "type": "object",
    "description": "What a command would do, with preview=true.",
    "required": ["entries", "opens", "rows", "updates", "events", "result", "approval"],
    "properties": {
        "entries": {"type": "array", "items": {"type": "object"}, "description": "What it would post."},
        "opens": {"type": "array", "items": TEXT, "description": "Accounts that would be opened."},
        "rows": {"type": "array", "items": TEXT, "description": "What would come to be."},
        "updates": {"type": "array", "items": {"type": "object"}, "description": "What would be changed."},
        "events": {"type": "array", "items": {"type": "object"}, "description": "What would be told."},
        "result": {"type": "object", "description": "The answer, but for what only posting knows."},
        "approval": {"type": ["object", "null"], "description": "How many people would have to approve it."},
    },
}
BULK_ITEM: Schema = {
    "type": "object",
    "required": ["idempotency_key", "input"],
    "properties": {
        "command": {"type": "string", "description": "Such as accounts.create_wallet; or its path."},
        "path": {
            "type": "string",
            "description": "Such as wallets/{wallet}/close; its parts are fields of the input.",
        },
        "idempotency_key": TEXT,
        "input": {"type": "object"},
    },
}
BULK_ANSWER: Schema = {
    "type": "object",
    "required": ["status", "operation", "replayed"],
    "properties": {
        "status": {"type": "integer"},
        "operation": {"type": ["string", "null"]},
        "replayed": {"type": "boolean"},
        "result": ANY,
        "problem": {"type": "object"},
    },
}
BULK_ANSWERS: Schema = {
    "type": "object",
    "required": ["items", "answered", "refused"],
    "properties": {
        "items": {"type": "array", "items": BULK_ANSWER},
        "answered": {"type": "integer"},
        "refused": {"type": "integer"},
    },
}


def complete(result: Any, **_: Any) -> Any:
    """Add what all operations share, how a key is shown, and what is told: a hook of the generator."""
    from apps.api import event_document

    components = result.setdefault("components", {})
    scheme = {"type": "http", "scheme": "bearer", "description": "An API key: Authorization: Bearer ch_…"}
    schemas = plain(components.setdefault("schemas", {}))
    components["securitySchemes"] = {"key": scheme}
    components["headers"] = {name: {"schema": TEXT, "description": HEADERS[name]} for name in HEADERS}
    components["parameters"] = {each["name"]: each for each in (VERSION, REQUEST_ID, KEY, RETRY_OF, PREVIEW)}
    components["responses"] = {
        "Refused": {
            "description": "Refused; `code` says why.",
            "headers": _headers([]),
            "content": {problems.CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    }
    told = event_document.components()
    clash = [name for name in told if schemas.get(name, told[name]) != told[name]]
    if clash:
        raise ValueError(f"Two schemas are called {clash[0]}: rename one of the serializers.")
    return {
        **plain(result),
        "webhooks": event_document.webhooks(),
        "components": {**plain(components), "schemas": dict(sorted((schemas | told).items()))},
    }


def plain(value: Any) -> Any:
    """Without what the generator notes for itself; null among alternatives may be valid by another of them as well."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {name: plain(item) for name, item in value.items() if name != "x-spec-enum-id"}
    if "oneOf" not in kept:
        return kept
    alternatives = kept.pop("oneOf")
    return kept if {} in alternatives else {**kept, "anyOf": alternatives}
