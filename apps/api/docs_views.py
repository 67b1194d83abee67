"""The documentation that the server itself serves: the viewer, the document, and every error code."""

from collections.abc import Callable
from functools import cache, wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from drf_spectacular.views import SpectacularSwaggerSplitView

from apps.api import catalogue
from apps.api.document import as_yaml

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self';"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Swagger UI sets styles on its elements; scripts are the server's own files alone."""


def guarded(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Nothing but our own scripts runs on the page."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        response.headers["Content-Security-Policy"] = POLICY
        return response

    return answer


def document(request: HttpRequest) -> HttpResponse:
    """The OpenAPI document."""
    return HttpResponse(_document(), content_type="application/yaml; charset=utf-8")


def errors(request: HttpRequest) -> HttpResponse:
    """Every code, with what it means and what to do."""
    return render(request, "api/errors.html", {"codes": catalogue.codes()})


def routes() -> list[URLPattern]:
    """The pages."""
    viewer = SpectacularSwaggerSplitView.as_view(
        url="/v1/openapi.yaml", template_name="api/viewer.html", title="Countinghouse API"
    )
    return [
        path("docs/", guarded(viewer), name="api-docs"),
        path("docs/errors", guarded(errors), name="api-errors"),
        path("openapi.yaml", guarded(document), name="api-document"),
    ]


@cache
def _document() -> str:
    return as_yaml()
