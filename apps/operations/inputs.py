"""Input of commands: validated by its serializer alone, compared and stored in one canonical form."""

import hashlib
import json
import re
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from django.http import QueryDict
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.serializers import Serializer

from apps.core.canonical import canonical_json, fingerprint
from apps.core.encryption import decrypt, encrypt
from apps.core.serializer_fields import tell_choices
from apps.operations.errors import InputInvalid
from apps.operations.registry import Command

REDACTED = "••••••"
LONGEST_KEPT = 16_384
MOST_TOLD = 20
"""Unknown fields that a refusal names."""
LONGEST_INPUT = 1_000_000

_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")

_serializers = threading.local()


def validate(command: Command, data: Mapping[str, Any]) -> dict[str, Any]:
    """The input as Python values, or InputInvalid with each field's reasons.

    Serializers look at the input alone, never at the clock or the database, so the same input is always
    equally valid. One instance a thread is kept: to make one costs five times as much as to use it.
    """
    serializer = _serializer(command)
    if not isinstance(data, Mapping):
        raise InputInvalid("The input must be a JSON object.", details={"fields": {}})
    unknown = [] if isinstance(data, QueryDict) else [name for name in data if name not in serializer.fields]
    if unknown:
        raise _unknown(serializer, unknown)
    try:
        return dict(serializer.run_validation(data))
    except ValidationError as error:
        raise _invalid(error.detail) from None


def canonical(command: Command, valid: Mapping[str, Any]) -> tuple[str, bytes]:
    """What is stored of the input, and the hash by which a replay is known. Secrets are in neither."""
    try:
        text, digest = _canonical(command, valid)
    except (TypeError, ValueError, RecursionError):
        raise _unkept(valid) from None
    if len(text) > LONGEST_INPUT:
        raise InputInvalid(f"The input is longer than {LONGEST_INPUT} characters.")
    if "\\u0000" in text and _NUL.search(text):
        raise InputInvalid("The input has a NUL character in it, which no text may have.")
    return text, digest


def _canonical(command: Command, valid: Mapping[str, Any]) -> tuple[str, bytes]:
    hidden = command.secret_fields | command.personal_fields
    if not hidden:
        text = canonical_json(valid)
        return text, hashlib.sha256(text.encode()).digest()
    open_fields = {name: value for name, value in valid.items() if name not in command.secret_fields}
    stored = {name: _stored(command, name, value) for name, value in valid.items()}
    return canonical_json(stored), fingerprint(open_fields)


def readable(command: Command, stored: Mapping[str, Any]) -> dict[str, Any]:
    """Stored input with its personal fields decrypted, for those who may see it."""
    return {
        name: json.loads(decrypt(value)) if name in command.personal_fields and _is_hidden(value) else value
        for name, value in stored.items()
    }


def _is_hidden(value: Any) -> bool:
    """Encrypted: neither left out nor, of input that never was valid, not kept at all."""
    return isinstance(value, str) and value != REDACTED


def raw(data: Any) -> str:
    """What is kept of input that never was valid: as it came, unless it is very long."""
    try:
        text = json.dumps(data, default=str, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        text = json.dumps({"unreadable": type(data).__name__})
    if len(text) > LONGEST_KEPT:
        text = json.dumps({"too_long": len(text), "begins": text[:1000]}, ensure_ascii=False)
    return storable(text)


def storable(text: str) -> str:
    """JSON as the database can keep it: what stands for NUL or half a character is replaced."""
    return _NUL.sub(r"\1\\ufffd", _whole(text))


def _whole(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _unkept(valid: Mapping[str, Any]) -> InputInvalid:
    """Which field it is that has no exact JSON, and why."""
    for name, value in valid.items():
        try:
            canonical_json(value).encode()
        except RecursionError:
            return InputInvalid(f"{name} nests too deep.", field=f"/{name}")
        except (TypeError, ValueError) as error:
            return InputInvalid(f"{name} cannot be kept exactly: {error}", field=f"/{name}")
    return InputInvalid("The input cannot be kept exactly.")


def _stored(command: Command, name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in command.secret_fields:
        return REDACTED
    return encrypt(canonical_json(value)) if name in command.personal_fields else value


def _serializer(command: Command) -> Serializer[Any]:
    kept: dict[str, Serializer[Any]] = _serializers.__dict__
    if command.name not in kept:
        kept[command.name] = command.input()
        tell_choices(kept[command.name])
    return kept[command.name]


def _unknown(serializer: Serializer[Any], names: Sequence[Any]) -> InputInvalid:
    """That fields do not exist: of very many the first ones, and which there are said once."""
    named = ", ".join(name for name, field in serializer.fields.items() if not field.read_only)
    told = {str(name): ["This command has no such field."] for name in names[:MOST_TOLD]}
    told[str(names[0])] = [f"This command has no such field. It has: {named}."]
    return _invalid(told)


def _invalid(detail: Any) -> InputInvalid:
    fields = _plain(detail)
    first = next(iter(fields), "") if isinstance(fields, dict) else ""
    return InputInvalid(
        f"The input is wrong at {first or 'its top'}: {_first_reason(fields)}",
        field=f"/{first}" if first else None,
        details={"fields": fields},
    )


def _plain(detail: Any) -> Any:
    if isinstance(detail, Mapping):
        return {_shown(str(name)): _plain(value) for name, value in detail.items()}
    if isinstance(detail, list | tuple):
        return [_plain(value) for value in detail]
    if isinstance(detail, ErrorDetail):
        return {"message": _shown(str(detail)), "code": detail.code}
    return _shown(str(detail))


def _shown(text: str) -> str:
    """What may have been typed, fit to be printed and kept."""
    return _whole(text[:500]).replace("\x00", "\ufffd")


def _first_reason(fields: Any) -> str:
    while not isinstance(fields, str):
        if isinstance(fields, Mapping):
            if "message" in fields and "code" in fields:
                return str(fields["message"])
            fields = next(iter(fields.values()), "")
        else:
            fields = next(iter(fields), "")
    return fields
