"""What can be done: every command that a user may run, and the form of each."""

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.accounts.people import actor_of
from apps.console.forms import beginnings, looking, outcomes
from apps.console.forms.form import DO, Form, new_key
from apps.console.forms.ways import may_run, runnable
from apps.console.site import site
from apps.core.errors import DomainError
from apps.operations import executor, registry
from apps.operations.errors import CommandUnknown, InputInvalid, KeyInvalid, KeyMissing, KeyReused
from apps.operations.executor import LOST_CONNECTION
from apps.operations.models import Operation
from apps.operations.plan import Request
from apps.operations.registry import Command
from apps.operations.run import Outcome

URLENCODED, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
LOST = "\ufffd"
"""What stands where bytes were no text."""


class TextDamaged(DomainError):
    """The form came with bytes that are no text."""

    code = "TEXT_DAMAGED"


class AnswerLost(DomainError):
    """The connection to the database broke while the command ran."""

    code = "ANSWER_LOST"
    transient = True
    http_status = 503


def commands_page(request: HttpRequest) -> HttpResponse:
    """The commands that this user may run, by app."""
    if request.method not in {"GET", "HEAD"}:
        raise PermissionDenied
    text = request.GET.get("q", "").strip()
    found = [each for each in runnable(request) if text.lower() in _searched(each)]
    context = {"title": _("Commands"), "crumbs": [(_("Commands"), None)], "q": text, "groups": _by_app(found)}
    return site.page(request, "console/commands.html", context)


def _searched(command: Command) -> str:
    return " ".join([command.name, str(command.summary), about(command), *command.aliases]).lower()


def _by_app(commands: Iterable[Command]) -> list[tuple[str, list[dict[str, Any]]]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for command in commands:
        app = apps.get_app_config(command.name.partition(".")[0]).verbose_name
        groups.setdefault(str(app), []).append({"command": command, "about": about(command)})
    return sorted(groups.items())


def about(command: Command) -> str:
    """What a command does: the first paragraph of what its function says of itself."""
    return " ".join((command.function.__doc__ or "").split("\n\n")[0].replace("`", "").split())


def command_page(request: HttpRequest, name: str) -> HttpResponse:
    """The form of a command; a POST finds, previews or runs."""
    try:
        command = registry.find(name)
    except CommandUnknown:
        raise Http404(f"There is no command {name[:80]}.") from None
    if "console" not in command.surfaces:
        raise Http404(f"{command.name} is not run from the console.")
    if request.method == "POST":
        return _kept(_answer(request, command), command)
    if request.method not in {"GET", "HEAD"} or not may_run(request, command):
        raise PermissionDenied
    if name != command.name:
        return HttpResponseRedirect(reverse("console:do", args=[command.name]))
    return _kept(_page(request, _fresh(request, command)), command)


def _kept(answer: HttpResponse, command: Command) -> HttpResponse:
    """A page that a browser keeps: who goes back after sending finds the old key, which replays and does not repeat."""
    hidden = command.secret_fields | command.personal_fields | command.secret_results
    answer["Cache-Control"] = "private, no-store" if hidden else "private, no-cache"
    return answer


def look_up(request: HttpRequest, kind: str) -> HttpResponse:
    """Options for a control, as HTML: what begins with `q`, in `book` and of `tenant` if they are said."""
    if kind not in looking.kinds():
        raise Http404("There is nothing of this kind to look up.")
    if request.method not in {"GET", "HEAD"} or not looking.may_look_up(request, kind):
        raise PermissionDenied
    options = looking.find(kind, request.GET.get("q", ""), request.GET.dict())
    return TemplateResponse(request, "console/form/options.html", {"options": options})


def _fresh(request: HttpRequest, command: Command) -> Form:
    """A form as its address fills it: by the names of its controls, or again as an operation had it."""
    form = Form.fresh(command, request.GET)
    again = request.GET.get("again", "")
    if again and request.user.has_perm("operations.view_operation"):
        operation = _operation(again)
        if operation and operation.command == command.name and isinstance(operation.input, dict):
            form.fill(_told(command, operation.input))
    if (begins := beginnings.of(command, request.GET)) and may_run(request, command):
        form.fill(begins.data)
    return form


def _told(command: Command, stored: dict[str, Any]) -> dict[str, Any]:
    """Stored input, without what is secret or personal."""
    hidden = command.secret_fields | command.personal_fields
    return {name: value for name, value in stored.items() if name not in hidden}


def _operation(text: str) -> Operation | None:
    try:
        return Operation.objects.filter(pk=text).first()
    except ValidationError:  # no id at all
        return None


def _answer(request: HttpRequest, command: Command) -> HttpResponse:
    """What the button asks for. Only running and previewing need the permission, and the door asks for it."""
    fresh = Form.fresh(command)
    expected = MULTIPART if fresh.uploads() else URLENCODED
    if request.content_type != expected or _is_damaged(request):
        error = TextDamaged("The form did not come as text in UTF-8. Nothing was done; type it again.")
        return _refused(request, fresh, error, sticks=False)
    form = Form.posted(command, request.POST, request.FILES)
    wish, _colon, what = request.POST.get(DO, "preview").partition(":")
    if wish == "run":
        return _run(request, form)
    if wish == "preview":
        return _preview(request, form)
    if not may_run(request, command):
        raise PermissionDenied
    name, _colon, value = what.partition("=")
    if wish == "pick":
        form.pick(name, value)
    elif wish == "find" and all(looking.may_look_up(request, each.look_up) for each in form.named(name)):
        form.look_up(name)
    return _page(request, form, focus=name)


def _is_damaged(request: HttpRequest) -> bool:
    return any(LOST in name or LOST in value for name, all_ in request.POST.lists() for value in ("", *all_))


def _request(request: HttpRequest, form: Form) -> Request:
    given = form.input()
    if form.errors:
        raise InputInvalid("What is marked cannot be read.")
    actor = actor_of(request.user)  # type: ignore[arg-type]
    return Request(form.command.name, given, form.key, actor, origin="console")


def _preview(request: HttpRequest, form: Form) -> HttpResponse:
    try:
        plan = executor.preview(_request(request, form))
    except DomainError as error:
        return _refused(request, form, error, sticks=False)
    facts = outcomes.would_answer([(form.command, plan)])[0]
    return _page(request, form, plan=plan, moves=outcomes.moves(plan["entries"]), facts=facts)


def _run(request: HttpRequest, form: Form) -> HttpResponse:
    try:
        outcome = executor.execute(_request(request, form))
    except InputInvalid as error:
        return _refused(request, form, error, sticks=False)
    except LOST_CONNECTION:
        lost = AnswerLost("The connection to the database broke, so nobody knows whether it happened.")
        return _refused(request, form, lost, sticks=False)
    if outcome.error:
        sticks = _holds_key(outcome)
        if sticks or isinstance(outcome.error, (KeyInvalid, KeyMissing, KeyReused)):
            form.key = new_key()
        return _refused(request, form, outcome.error, sticks=sticks, outcome=outcome)
    if to := outcomes.shown_by(form.command, outcome):
        return HttpResponseRedirect(to)
    return _page(request, _fresh(request, form.command), card=outcomes.card(outcome))


def _holds_key(outcome: Outcome) -> bool:
    operation = _operation(outcome.operation_id) if outcome.operation_id else None
    return operation is not None and operation.holds_key


def _refused(
    request: HttpRequest, form: Form, error: DomainError, *, sticks: bool, outcome: Outcome | None = None
) -> HttpResponse:
    """The red card, with the form as it was, marked; without it for who may not run the command."""
    form.ask(error)
    card = {
        "error": error,
        "advice": outcomes.advice(error, sticks=sticks),
        "outcome": outcome,
        "operation": _operation(outcome.operation_id) if outcome and outcome.operation_id else None,
        "elsewhere": form.mark(error),
    }
    answer = _page(request, form, refusal=card)
    answer.status_code = error.http_status
    return answer


def _page(request: HttpRequest, form: Form, **more: Any) -> HttpResponse:
    command = form.command
    context = {
        "title": command.summary,
        "crumbs": [(_("Commands"), reverse("console:commands")), (command.summary, None)],
        "command": command,
        "about": about(command),
        "form": form,
        "encoding": MULTIPART if form.uploads() else URLENCODED,
        "controls": form.controls() if may_run(request, command) else [],
        "may_run": may_run(request, command),
        "begins": beginnings.of(command, request.GET) if may_run(request, command) else None,
        "currencies": looking.find("currency", "", {}),
        **more,
    }
    return site.page(request, "console/command.html", context)
