"""The routes below `/v1/`."""

from collections.abc import Iterable

from django.urls import URLPattern, path

from apps.api import command_views, docs_views, read_views
from apps.api.bulk_views import BulkItems, BulkView
from apps.api.money_views import (
    AccountBalance,
    AccountDetail,
    AccountStatement,
    Totals,
    WalletBalances,
    WalletStatement,
)
from apps.api.platform_views import (
    Alive,
    Health,
    OwnTenant,
    Rates,
    SingleEntry,
    SingleEvent,
    Statistics,
    Treasury,
)
from apps.api.report_views import CompensationReport, ProofOfPayment
from apps.api.view import ApiView, UnknownRoute
from apps.api.webhook_views import MissingEvents

Route = tuple[str, type[ApiView]]

OWN: list[Route] = [
    ("alive", Alive),
    ("tenant", OwnTenant),
    ("balances", Totals),
    ("wallets/<str:id>/balances", WalletBalances),
    ("wallets/<str:id>/statement", WalletStatement),
    ("transfers/<str:id>/compensation-report", CompensationReport),
    ("transfers/<str:id>/proof-of-payment", ProofOfPayment),
    ("accounts/<str:address>/<str:currency>", AccountDetail),
    ("accounts/<str:address>/<str:currency>/balance", AccountBalance),
    ("accounts/<str:address>/<str:currency>/statement", AccountStatement),
    ("entries/<str:id>", SingleEntry),
    ("events/missing", MissingEvents),
    ("events/<str:id>", SingleEvent),
    ("bulk", BulkView),
    ("bulk/<str:id>/items", BulkItems),
    ("rates", Rates),
    ("platform/statistics", Statistics),
    ("platform/health", Health),
    ("platform/treasury", Treasury),
]
"""Those that no declaration makes."""


def merged(routes: Iterable[Route]) -> list[URLPattern]:
    """One pattern a path: what is listed there and what is made there are one view with two methods.

    A fixed part goes before one that stands for any id, so that `things/retry` is not the thing `retry`.
    """
    views: dict[str, list[type[ApiView]]] = {}
    for route, view in routes:
        views.setdefault(route, []).append(view)
    return [path(route, _one(views[route]).as_view()) for route in sorted(views, key=_placeholders)]


def _placeholders(route: str) -> list[bool]:
    return ["<" in part for part in route.split("/")]


def _one(views: list[type[ApiView]]) -> type[ApiView]:
    return views[0] if len(views) == 1 else type(views[0].__name__, tuple(views), {})


urlpatterns: list[URLPattern] = [
    *docs_views.routes(),
    *merged([*OWN, *read_views.routes(), *command_views.routes()]),
    path("", UnknownRoute.as_view()),
    path("<path:rest>", UnknownRoute.as_view()),
]
