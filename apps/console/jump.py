"""Where the command palette leads: an id of any kind, a reference, an address, a name, and the lists by name."""

from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from unfold.dataclasses import SearchResult
from unfold.sites import UnfoldAdminSite

from apps.console.listing import KeysetAdmin
from apps.core.fields import PrefixedIdField
from apps.operations import subjects

FEW, SHORTEST = 8, 3

PAGES: Mapping[str, Callable[[Any], Any]] = {
    "asg": lambda row: row.subject,
    "att": lambda row: row.subject,
    "blk": lambda row: row.api_key_id,
    "brw": lambda row: row.batch_id,
    "bsh": lambda row: row.batch_id,
    "dec": lambda row: row.request_id,
    "frz": lambda row: row.account,
    "inq": lambda row: row.transfer_id,
    "inv": lambda row: row.tenant_id,
    "krs": lambda row: row.operation_id,
    "mdp": lambda row: row.recipient_id,
    "mem": lambda row: row.user_id,
    "mml": lambda row: row.event_id,
    "not": lambda row: row.subject,
    "ptm": lambda row: row.subject,
    "rlp": lambda row: row.file_id or row.provider_id,
    "psr": lambda row: row.schedule_id,
    "psw": lambda row: row.schedule_id,
    "pvg": lambda row: row.tenant_id,
    "swi": lambda row: row.execution_id,
    "rvf": lambda row: row.recipient_id,
    "whk": lambda row: row.book.tenant_id,
    "whs": lambda row: row.endpoint_id,
    "wkr": lambda row: row.user_id,
    "wml": lambda row: row.endpoint_id,
    "und": lambda row: row.decision.request_id,
}
"""For ids of what has no page of its own: what shows it, or its id."""


def destinations(site: UnfoldAdminSite, request: HttpRequest, text: str) -> list[SearchResult]:
    """What this text can mean, as far as the user may see it."""
    if not text:
        return []
    lists = [
        each
        for each in site._registry.values()
        if isinstance(each, KeysetAdmin) and each.has_view_permission(request)
    ]
    found = chain.from_iterable((*_named(each, text), *_found(each, text)) for each in lists)
    leads = [*found, *_labelled(lists, text), *_shown_elsewhere(request, lists, text)]
    return list({each.link: each for each in leads}.values())


def _named(each: KeysetAdmin, text: str) -> Iterator[SearchResult]:
    if text.lower() in each.plural.lower():
        yield SearchResult(each.plural, _("list"), reverse(each.url_name("changelist")), None)


def _found(each: KeysetAdmin, text: str) -> Iterator[SearchResult]:
    kind = str(each.opts.verbose_name)
    if _has(each, text):
        yield from (_result(each, row, str(row), kind) for row in _with_id(each, text))
    if len(text) < SHORTEST:
        return
    if each.search is not None:
        field = each.search.lookup.partition("__")[0]
        rows = each.search.narrow(each.rows(), text).order_by(*each.search.keyset)[:FEW]
        yield from (_result(each, row, str(getattr(row, field)), f"{kind} {row}") for row in rows)
    for lookup in each.also_found_by:
        field = lookup.partition("__")[0]
        # In no order: sorting all that begin so could take long, and a few are enough.
        rows = by(each, lookup, text).order_by()[:FEW]
        yield from (_result(each, row, str(getattr(row, field)), f"{kind} {row.pk}") for row in rows)


def by(each: KeysetAdmin, lookup: str, text: str) -> QuerySet[Any]:
    """The rows that a lookup finds; those with no text in its field are in no index."""
    name = lookup.partition("__")[0]
    try:
        rows = each.rows().filter(**{lookup: text})
    except ValidationError:  # no id at all
        return each.rows().none()
    return rows if isinstance(each.opts.get_field(name), PrefixedIdField) else rows.exclude(**{name: ""})


def _shown_elsewhere(request: HttpRequest, lists: list[KeysetAdmin], text: str) -> Iterator[SearchResult]:
    """The page that shows what has this id and no page of its own."""
    prefix = text.partition("_")[0]
    if prefix not in PAGES:
        return
    model = subjects.kinds()[prefix]
    if not request.user.has_perm(f"{model._meta.app_label}.view_{model._meta.model_name}"):
        return
    try:
        row = model._base_manager.filter(pk=text).first()
    except ValidationError:  # no id at all
        return
    shown = PAGES[prefix](row) if row else None
    for each in lists:
        if isinstance(shown, each.model) or (isinstance(shown, str) and _has(each, shown)):
            for found in _with_id(each, shown):
                yield _result(each, found, str(found), f"{model._meta.verbose_name} {text}")
    if isinstance(shown, str):
        yield from _labelled(lists, shown, f"{model._meta.verbose_name} {text}")


def _labelled(lists: list[KeysetAdmin], subject: str, description: str = "") -> Iterator[SearchResult]:
    """The page of what has a kind and a number or name: `ledger.account:7`, `ledger.template:pay_in`."""
    label, _colon, key = subject.partition(":")
    model = subjects.labelled(label)
    for each in lists:
        if each.model is model and (known := subjects.known([subject]).get(subject)):
            link = reverse(each.url_name("change"), args=[key])
            yield SearchResult(known.title, description or known.kind, link, None)


def _has(each: KeysetAdmin, text: str) -> bool:
    return isinstance(each.opts.pk, PrefixedIdField) and text.startswith(f"{each.opts.pk.prefix}_")


def _with_id(each: KeysetAdmin, shown: Any) -> list[Any]:
    try:
        return list(each.rows().filter(pk=getattr(shown, "pk", shown)))
    except ValidationError:
        return []


def _result(each: KeysetAdmin, row: Any, title: str, description: str) -> SearchResult:
    return SearchResult(title, description, reverse(each.url_name("change"), args=[row.pk]), None)
