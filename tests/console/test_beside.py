"""Notes, assignments and files on pages: one card for all, forms filled in, files that are only downloads."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import User
from apps.accounts.queries.wallets import holder
from apps.console.forms.outcomes import page_of
from apps.core import clock, ids
from apps.ledger.models import Account, TemplateVersion
from apps.operations import subjects
from apps.operations.models import Attachment, FeatureFlag, Note
from apps.operations.serializers import AddNoteInput
from tests.console.test_templates import OLD, load, unguarded
from tests.support.door import done, refused
from tests.support.tenants import World

ATTACH = "/ops/do/operations.attach_file/"


@pytest.fixture
def ada(make_user: Callable[..., User]) -> User:
    return make_user("operator")


@pytest.fixture
def operator(ada: User) -> Client:
    client = Client()
    client.force_login(ada)
    return client


def sent(client: Client, acme: World, content: bytes, name: str, **more: str) -> Any:
    """The answer to a file that is sent by its form."""
    given = {"idempotency_key": "k-1", "do": "run", "subject": acme.tenant, "name": ""} | more
    return client.post(ATTACH, {**given, "content": SimpleUploadedFile(name, content)})


@pytest.mark.parametrize(
    "subject",
    [
        "ledger.account:999999999",
        "ledger.account:x",
        "sessions.session:1",
        "ledger.line:",
        "nobody.knows:1",
        "ledger.template:",
        "ledger.template:1",
        "nobody.knows:pay_in",
    ],
)
def test_nothing_stands_beside_what_is_not_there(ledger_db: Any, subject: str) -> None:
    assert refused("operations.add_note", subject=subject, text="x") in {"SUBJECT_NOT_FOUND", "INPUT_INVALID"}


def test_every_page_of_a_row_has_the_card(acme: World, operator: Client) -> None:
    wallet = acme.funded("10.00")
    account = Account.objects.get(address=holder(wallet).available)
    flag = FeatureFlag.objects.create(
        name="x", scope="everything", scope_id="", enabled=True, changed_at=clock.now()
    )
    pages = {
        f"/ops/accounts/tenant/{acme.tenant}/": acme.tenant,
        f"/ops/accounts/wallet/{wallet}/": wallet,
        f"/ops/ledger/account/{account.pk}/": f"ledger.account:{account.pk}",
        f"/ops/operations/book/{acme.book.pk}/": f"operations.book:{acme.book.pk}",
        f"/ops/operations/featureflag/{flag.pk}/": f"operations.featureflag:{flag.pk}",
    }
    for page, subject in pages.items():
        done("operations.add_note", subject=subject, text=f"<b>about</b> {subject}")
        found = operator.get(page).content.decode()
        assert f"&lt;b&gt;about&lt;/b&gt; {subject}" in found
        for name in ("add_note", "assign", "attach_file"):
            assert f"/ops/do/operations.{name}/?{urlencode({'subject': subject})}" in found
        assert page_of(subject) == page
    assert "<b>about</b>" not in found


def test_a_template_that_is_nowhere_keeps_nothing(ledger_db: Any) -> None:
    for subject in ("ledger.template:no_such", "ledger.templateversion:1"):
        assert refused("operations.add_note", subject=subject, text="x") == "SUBJECT_NOT_FOUND"


def test_a_template_keeps_notes_by_its_name(acme: World, operator: Client) -> None:
    subject, page = "ledger.template:pay_in", "/ops/ledger/templateversion/pay_in/"
    done("operations.add_note", subject=subject, text="agreed with the bank")
    for address in (page, f"{page}1/"):
        found = operator.get(address).content.decode()
        assert "agreed with the bank" in found, address
        for name in ("add_note", "assign", "attach_file"):
            assert f"/ops/do/operations.{name}/?{urlencode({'subject': subject})}" in found
    other = operator.get("/ops/ledger/templateversion/fee_charge/").content.decode()
    assert "agreed with the bank" not in other
    assert page_of(subject) == page
    filled_in = operator.get(f"/ops/do/operations.add_note/?subject={subject}").content.decode()
    assert f'value="{subject}"' in filled_in
    body = urlencode({"idempotency_key": "k-1", "do": "run", "subject": subject, "text": "and again"})
    answer = operator.post("/ops/do/operations.add_note/", body, "application/x-www-form-urlencoded")
    assert f'href="{page}"' in answer.content.decode()
    assert "and again" in operator.get(page).content.decode()


@pytest.mark.django_db
def test_what_a_template_keeps_outlives_its_versions(operator: Client) -> None:
    by = {"actor_label": "Ada", "operation_id": ids.new_id("op"), "created_at": clock.now()}
    Note.objects.create(subject="ledger.template:pay_in", text="agreed with the bank", **by)
    load("pay_in", OLD)
    for key in ("", "1/", "2/", "file/"):
        page = operator.get(f"/ops/ledger/templateversion/pay_in/{key}").content.decode()
        assert "agreed with the bank" in page, key


@pytest.mark.django_db
def test_a_template_is_there_in_the_files_or_in_the_database() -> None:
    longest = "x" * (TemplateVersion._meta.get_field("name").max_length or 0)
    load(longest, OLD)
    unguarded("DELETE FROM ledger_templateversion WHERE name = 'pay_in'")
    some = [f"ledger.template:{name}" for name in (longest, "pay_in", "fee_charge", "no_such")]
    with CaptureQueriesContext(connection) as asked:
        known = subjects.known(some)
    assert {(key, each.kind, each.title) for key, each in known.items()} == {
        (key, "posting template", key.partition(":")[2]) for key in some[:3]
    }
    assert len(asked) == 1
    assert AddNoteInput(data={"subject": some[0], "text": "x"}).is_valid()
    Note.objects.create(subject=some[0], operation_id=ids.new_id("op"), created_at=clock.now())


def test_an_assigned_template_stands_on_my_overview(acme: World, operator: Client, ada: User) -> None:
    done("operations.assign", subject="ledger.template:pay_in", assignee=ada.pk, reason="review")
    page = operator.get("/ops/").content.decode()
    assert '<a href="/ops/ledger/templateversion/pay_in/">pay_in</a>' in page
    assert "Posting template · review" in page


def test_a_viewer_reads_and_is_offered_nothing(acme: World, console: Client) -> None:
    done("operations.add_note", subject=acme.tenant, text="called back")
    page = console.get(f"/ops/accounts/tenant/{acme.tenant}/").content.decode()
    assert "called back" in page
    assert "operations.add_note" not in page


def test_a_note_of_several_lines_is_written_in_its_form(acme: World, operator: Client) -> None:
    given = {"idempotency_key": "k-1", "do": "run", "subject": acme.tenant, "text": "one\r\ntwo"}
    body = "&".join(f"{name}={value}" for name, value in given.items()).replace("\r\n", "%0D%0A")
    answer = operator.post("/ops/do/operations.add_note/", body, "application/x-www-form-urlencoded")
    assert answer.status_code == 200, answer.content
    assert Note.objects.get().text == "one\ntwo"


def test_a_file_is_sent_once_and_only_downloaded(acme: World, operator: Client) -> None:
    form = operator.get(f"{ATTACH}?subject={acme.tenant}").content.decode()
    assert 'enctype="multipart/form-data"' in form
    assert 'type="file"' in form
    content = b"name,amount\r\n=1+1,2\r\n"
    assert sent(operator, acme, content, 'ünder "list".csv').status_code == 200
    assert sent(operator, acme, content, 'ünder "list".csv').status_code == 200
    kept = Attachment.objects.get()
    answer = operator.get(f"/ops/attachments/{kept.pk}/")
    assert answer.content == content
    assert answer["Content-Disposition"].startswith("attachment; filename")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert kept.pk in operator.get(f"/ops/accounts/tenant/{acme.tenant}/").content.decode()


def test_another_file_with_the_same_key_is_refused(acme: World, operator: Client) -> None:
    sent(operator, acme, b"one", "a.txt")
    assert sent(operator, acme, b"two", "a.txt").status_code == 422
    assert Attachment.objects.count() == 1


@pytest.mark.parametrize(
    ("content", "name"), [(b"<script>", "a.html"), (b"<script>", "a.png"), (b"", "a.txt")]
)
def test_what_is_no_such_file_is_refused_with_words(
    acme: World, operator: Client, content: bytes, name: str
) -> None:
    answer = sent(operator, acme, content, name)
    assert answer.status_code == 400
    assert not Attachment.objects.exists()


def test_a_file_that_is_too_large_is_refused(acme: World, operator: Client) -> None:
    answer = sent(operator, acme, b"x" * (10 * 1024 * 1024 + 1), "a.txt")
    assert answer.status_code == 400
    assert "The file is larger than 10485760 bytes." in answer.content.decode()


def test_nobody_without_the_permission_fetches_a_file(acme: World, operator: Client, make_user: Any) -> None:
    sent(operator, acme, b"one", "a.txt")
    kept = Attachment.objects.get()
    assert operator.post(f"/ops/attachments/{kept.pk}/").status_code == 403
    assert operator.get("/ops/attachments/att_01jd0000000000000000000000/").status_code == 404
    assert operator.get("/ops/attachments/nothing/").status_code == 404
    assert Client().get(f"/ops/attachments/{kept.pk}/").status_code == 302
    outsider = Client()
    outsider.force_login(make_user(email="out@example.com"))
    assert outsider.get(f"/ops/attachments/{kept.pk}/").status_code == 302


def test_what_is_assigned_to_me_stands_on_my_overview(acme: World, operator: Client, ada: User) -> None:
    assert "Assigned to me" not in operator.get("/ops/").content.decode()
    done("operations.assign", subject=acme.tenant, assignee=ada.pk, reason="look at the KYB")
    page = operator.get("/ops/").content.decode()
    assert "Assigned to me" in page
    assert "look at the KYB" in page
    assert f"/ops/accounts/tenant/{acme.tenant}/" in page
    assert "looked after by" in operator.get(f"/ops/accounts/tenant/{acme.tenant}/").content.decode()
    done("operations.assign", subject=acme.tenant, assignee=None)
    assert "Assigned to me" not in operator.get("/ops/").content.decode()


def test_older_notes_and_files_are_reached(acme: World, operator: Client) -> None:
    for number in range(45):
        done("operations.add_note", subject=acme.tenant, text=f"note {number:02d}")
    for number in range(21):
        sent(operator, acme, b"x%d" % number, f"f{number:02d}.txt", idempotency_key=f"k-{number}")
    page = f"/ops/accounts/tenant/{acme.tenant}/"
    seen, way = [], ""
    for _ in range(3):
        kept = operator.get(page + way).context["beside"]
        seen.append([note.text for note in kept.notes.rows])
        assert [each.name for each in kept.attachments.rows] == [f"f{n:02d}.txt" for n in range(20, 0, -1)]
        way = (kept.notes.older or "").partition("#")[0]
    assert [text for some in seen for text in some] == [f"note {number:02d}" for number in range(44, -1, -1)]
    assert [len(some) for some in seen] == [20, 20, 5]
    assert way == ""
    last = operator.get(page + kept.notes.newest)
    assert last.context["beside"].notes.rows[0].text == "note 44"
    files = operator.get(page + kept.attachments.older).context["beside"]
    assert [each.name for each in files.attachments.rows] == ["f00.txt"]
    assert files.notes.rows[0].text == "note 04"  # each list begins where its own link says
    first = operator.get(page).content.decode()
    assert "Older notes" in first
    assert "Newest notes" not in first
    for nonsense in ("x", "not_", "%00", "x" * 5000):
        assert operator.get(f"{page}?notes_before={nonsense}&files_before={nonsense}").status_code == 200
