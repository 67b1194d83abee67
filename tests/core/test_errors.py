import gc
import pickle

import pytest

from apps.core.errors import DomainError, all_error_codes
from apps.core.money import InvalidAmount


def test_every_code_has_one_http_status():
    codes = all_error_codes()
    assert {"INVALID_AMOUNT", "CURRENCY_MISMATCH", "CURRENCY_UNKNOWN", "INVALID_ID"} <= codes.keys()
    assert list(codes) == sorted(codes)


def test_a_code_with_two_statuses_is_found():
    class One(DomainError):
        code = "TWICE"
        http_status = 400

    class Other(DomainError):
        code = "TWICE"
        http_status = 409

    with pytest.raises(RuntimeError, match=r"TWICE is HTTP 400 in .*One but 409 in .*Other"):
        all_error_codes()
    del One, Other
    gc.collect()


def test_as_dict():
    error = InvalidAmount("Too large.", field="/amount", details={"limit": 5})
    assert error.as_dict() == {
        "code": "INVALID_AMOUNT",
        "message": "Too large.",
        "transient": False,
        "field": "/amount",
        "details": {"limit": 5},
    }
    assert str(error) == "Too large."


def test_travels_between_processes():
    error = pickle.loads(pickle.dumps(InvalidAmount("Too large.", field="/amount", details={"limit": 5})))
    assert error.as_dict()["details"] == {"limit": 5}
