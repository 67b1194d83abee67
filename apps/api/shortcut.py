"""The short way to the API, past what only browsers need: sessions, cookies, forgery, messages."""

from collections.abc import Callable
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, ResolverMatch, URLResolver
from django.urls.resolvers import RegexPattern, get_resolver

from apps.api.view import ApiView

PREFIX = "/v1/"


def straight_to_api(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware that answers what is the API's by itself, and lets all else pass, its documentation as well."""

    def answer(request: HttpRequest) -> HttpResponse:
        path = request.path_info
        if not path.startswith(PREFIX):
            return get_response(request)
        match = _resolved(path[len(PREFIX) :])
        view: Any = match.func
        if not issubclass(getattr(view, "cls", object), ApiView):
            return get_response(request)
        request.resolver_match = match
        response: HttpResponse = view(request, **match.kwargs)
        return response

    return answer


def _resolved(path: str) -> ResolverMatch:
    try:
        return _fixed().get(path) or _routes().resolve(path)
    except Resolver404:
        return _routes().resolve("")


@cache
def _fixed() -> dict[str, ResolverMatch]:
    """The routes without a part that varies: to look one up costs less than to try all patterns in turn."""
    routes = [str(each.pattern) for each in _routes().url_patterns]
    return {route: _routes().resolve(route) for route in routes if route and "<" not in route}


@cache
def _routes() -> URLResolver:
    get_resolver()  # so that all apps have said their routes
    return URLResolver(RegexPattern(r""), "apps.api.urls")
