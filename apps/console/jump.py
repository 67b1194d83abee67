"""Where the command palette leads: an id, a reference or an address, and the lists by name."""

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from unfold.dataclasses import SearchResult
from unfold.sites import UnfoldAdminSite

from apps.console.listing import KeysetAdmin
from apps.core.fields import PrefixedIdField

FEW, SHORTEST = 8, 3


def destinations(site: UnfoldAdminSite, request: HttpRequest, text: str) -> list[SearchResult]:
    """What this text can mean, as far as the user may see it."""
    if not text:
        return []
    lists = [
        each
        for each in site._registry.values()
        if isinstance(each, KeysetAdmin) and each.has_view_permission(request)
    ]
    return [result for each in lists for result in (*_named(each, text), *_found(each, text))]


def _named(each: KeysetAdmin, text: str) -> Iterator[SearchResult]:
    if text.lower() in each.plural.lower():
        yield SearchResult(each.plural, _("list"), reverse(each.url_name("changelist")), None)


def _found(each: KeysetAdmin, text: str) -> Iterator[SearchResult]:
    kind = str(each.opts.verbose_name)
    pk = each.opts.pk
    if isinstance(pk, PrefixedIdField) and text.startswith(f"{pk.prefix}_"):
        yield from (_result(each, row, str(row), kind) for row in _with_id(each, text))
    elif each.search is not None and len(text) >= SHORTEST:
        field = each.search.lookup.partition("__")[0]
        rows = each.search.narrow(each.rows(), text).order_by(*each.search.keyset)[:FEW]
        yield from (_result(each, row, str(getattr(row, field)), f"{kind} {row}") for row in rows)


def _with_id(each: KeysetAdmin, text: str) -> list[Any]:
    try:
        return list(each.rows().filter(pk=text))
    except ValidationError:
        return []


def _result(each: KeysetAdmin, row: Any, title: str, description: str) -> SearchResult:
    return SearchResult(title, description, reverse(each.url_name("change"), args=[row.pk]), None)
