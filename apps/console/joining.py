"""Where somebody who was asked into a team joins it: no sign-in, the link is the proof."""

from collections.abc import Mapping
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers
from django.views.decorators.http import require_http_methods

from apps.accounts.models import TeamRole, Tenant
from apps.accounts.services.team import USED, InvitationUnusable, is_token
from apps.core.actor import Actor
from apps.core.canonical import fingerprint
from apps.operations.executor import execute
from apps.operations.plan import Request
from apps.transfers.services.mails import TOLD

INVITEE: Final = Actor.system("invitee", {"accounts.accept_invitation"})
LONGEST = 200


@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, token: str) -> HttpResponse:
    """The form, and what became of it."""
    context: dict[str, object] = {"name": request.POST.get("name", "")[:LONGEST]}
    status = 200
    if not is_token(token):
        status, context["error"] = InvitationUnusable.http_status, InvitationUnusable(USED)
    elif request.method == "POST":
        given = {"token": token, "name": context["name"], "password": request.POST.get("password", "")}
        outcome = execute(
            Request("accounts.accept_invitation", given, _key(given), INVITEE, origin="console")
        )
        status = outcome.error.http_status if outcome.error else 200
        context |= {"error": outcome.error} if outcome.error else {"joined": _joined(outcome.result)}
    answer = render(request, "console/join.html", context, status=status)
    add_never_cache_headers(answer)
    return answer


def _joined(result: Mapping[str, str]) -> dict[str, object]:
    """What somebody is in the team now, and whether that means mails."""
    role = TeamRole(result["role"])
    tenant = Tenant.objects.get(pk=result["tenant"])
    return {"tenant": tenant.name, "role": role.label, "is_told": role in TOLD}


def _key(given: Mapping[str, object]) -> str:
    """One for each try, which is joining once if it is sent twice. Keys are shown, so it is no token, nor leads to one."""
    return f"join-{fingerprint(dict(given)).hex()}"
