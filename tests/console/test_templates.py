"""Templates in the console: what they say, what differs, what they made, and trying them without a trace."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import User
from apps.console import programs
from apps.console.trying import LONGEST_TEXT
from apps.core import clock, ids
from apps.ledger import templates
from apps.ledger.models import JournalEntry, TemplateVersion
from apps.ledger.numscript.pieces import pieces
from apps.ledger.numscript.program import digest
from apps.ledger.queries import templates as made
from apps.operations.models import Book
from tests.console.making import move, open_account

HOME = "/ops/ledger/templateversion/"
OLD = """// What it said before.
vars {
  monetary $amount
  account $wallet
}
send $amount (
  source = @bank:old
  destination = $wallet
)
"""


def text(console: Client, address: str, status: int = 200) -> str:
    answer = console.get(address)
    assert answer.status_code == status, address
    return answer.content.decode()


def bare(page: str) -> str:
    """What a page says, without its tags."""
    return unescape(" ".join(re.sub(r"<[^>]+>", " ", page.partition('id="content"')[2]).split()))


def version_of(name: str) -> TemplateVersion:
    return TemplateVersion.objects.filter(name=name).latest("version")


def load(name: str, said: str, **fields: Any) -> TemplateVersion:
    """One more version of a template, as a rebuild with other code would have made it."""
    last = TemplateVersion.objects.filter(name=name).order_by("-version").first()
    usual = {"hash": digest(said), "loaded_by": "mira@example.com", "loaded_at": clock.now()}
    number = last.version + 1 if last else 1
    return TemplateVersion.objects.create(name=name, version=number, text=said, **(usual | fields))


def make_entries(book: Book, version: TemplateVersion, count: int, start: int = 0) -> list[str]:
    """Entries by a version; their references, the newest first."""
    one, other = open_account(book, f"m:{start}:1"), open_account(book, f"m:{start}:2")
    references = [f"made:{number:03d}" for number in range(start, start + count)]
    made = [move(book, reference, one, other, 5) for reference in references]
    unguarded("UPDATE ledger_entry SET template_id = %s WHERE id = ANY(%s)", version.pk, made)
    return references[::-1]


def unguarded(statement: str, *values: Any) -> None:
    """Run what the database would refuse."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(statement, values)
        cursor.execute("SET LOCAL session_replication_role = origin")


def references(page: str) -> list[str]:
    return re.findall(r">(made:\d+)</a>", page)


# The list, and whether files and database agree


@pytest.mark.django_db
def test_every_template_is_listed_with_what_it_does(console: Client) -> None:
    page = text(console, HOME)
    for name, template in templates.all_templates().items():
        assert f'href="{HOME}{name}/"' in page
        assert template.summary.split(":")[0] in bare(page)
    assert page.count("Agree") == len(templates.all_templates())
    assert "Files and database differ" not in page


@pytest.mark.django_db
def test_a_word_narrows_the_list(console: Client) -> None:
    page = text(console, f"{HOME}?q=ESCROW")
    assert re.findall(rf'href="{HOME}(\w+)/"', page) == ["escrow_hold", "escrow_release"]
    assert "<table" not in text(console, f"{HOME}?q=no+such+word")


@pytest.mark.django_db
def test_without_any_version_it_says_what_to_run(console: Client, viewer: User) -> None:
    unguarded("DELETE FROM ledger_templateversion")
    page = text(console, HOME)
    assert "No template is loaded yet" in page
    assert "script/manage op ledger.rebuild_templates" in page
    assert "--as ada@" not in page
    assert "Not loaded" in text(console, f"{HOME}pay_in/")
    assert "monetary" in text(console, f"{HOME}pay_in/")


@pytest.mark.django_db
def test_drift_is_told_here_and_on_the_overview(
    console: Client, make_user: Callable[..., User], client: Client
) -> None:
    assert 'notice is-good" href="/ops/ledger/templateversion/"' in text(console, "/ops/")
    load("pay_in", OLD)
    load("gone_since", OLD)
    load("pay_out", OLD, hash="0" * 64)
    unguarded("DELETE FROM ledger_templateversion WHERE name = 'refund'")
    overview = text(console, "/ops/")
    assert re.search(
        r'notice is-stop" href="/ops/ledger/templateversion/">\s*<span class="figure">4<', overview
    )
    page = bare(text(console, HOME))
    for said in (
        "pay_in : the file differs from version 2",
        "gone_since : this code has no such file",
        "pay_out : the text of version 2 does not have its hash",
        "refund : it is not loaded",
    ):
        assert said in page
    assert "Someone whose role allows it runs this" in page
    client.force_login(make_user("finance", email="fin@example.com"))
    command = "script/manage op ledger.rebuild_templates --as fin@example.com"
    assert f'data-copy="{command}"' in text(client, HOME)


@pytest.mark.django_db
def test_a_withdrawn_template_alone_stops_nothing(console: Client) -> None:
    load("gone_since", OLD)
    assert 'notice is-wait" href="/ops/ledger/templateversion/"' in text(console, "/ops/")
    page = text(console, f"{HOME}gone_since/")
    assert "This code has no such file" in page
    assert "ledger.rebuild_templates" not in page


# A template's page


@pytest.mark.django_db
def test_a_template_shows_text_variables_and_example(console: Client) -> None:
    page = text(console, f"{HOME}pay_in/")
    assert '<span class="n-keyword">send</span> <span class="n-variable">$amount</span> (' in page
    said = bare(page)
    assert "$source where it arrived, such as bank:ing account" in said
    assert "100.00 EUR arrive at the bank" in said
    assert version_of("pay_in").hash in page
    inside = '<span class="n-account">@commission:</span><span class="n-variable">$agent</span>'
    assert inside in text(console, f"{HOME}commission_split/")
    assert "None yet" in page


@pytest.mark.django_db
def test_what_is_highlighted_is_the_whole_text_and_escaped(console: Client) -> None:
    load("pay_in", '// <script>alert(1)</script>\nset_tx_meta("<b>", "&amp;") # \\\n/* never closed')
    page = text(console, f"{HOME}pay_in/")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert '<span class="n-string">&quot;&lt;b&gt;&quot;</span>' in page
    assert '<span class="n-stray">#</span>' in page
    assert '<span class="n-comment">/* never closed</span>' in page


@pytest.mark.parametrize("name", sorted(templates.all_templates()))
@pytest.mark.django_db
def test_every_template_has_a_page(console: Client, name: str) -> None:
    page = text(console, f"{HOME}{name}/")
    assert "n-stray" not in page
    assert "Example" in page
    tried = text(console, f"{HOME}{name}/try/")
    assert "It would post" in tried
    assert "Nothing is posted" in tried


@pytest.mark.parametrize("name", sorted(templates.all_templates()))
def test_pieces_join_to_the_text(name: str) -> None:
    whole = templates.all_templates()[name].text
    assert "".join(piece.text for piece in pieces(whole)) == whole


@pytest.mark.django_db
def test_each_version_has_a_page_for_good(console: Client) -> None:
    first = version_of("pay_in")
    second = load("pay_in", OLD)
    assert "What it said before." in text(console, f"{HOME}pay_in/")
    page = text(console, f"{HOME}pay_in/1/")
    assert "Money that arrived for somebody" in page
    assert "The latest version" in page
    assert console.get(f"{HOME}{second.pk}/").headers["Location"] == f"{HOME}pay_in/2/"
    listed = bare(page)[bare(page).index("Versions") :]
    assert listed.index("mira@example.com") < listed.index(first.loaded_by)


@pytest.mark.parametrize(
    "address",
    [
        "nothing/",
        "pay_in/9/",
        "pay_in/file/",
        "pay_in/x/y/",
        "99999999/",
        "nothing/try/",
        "nothing/entries/",
        "nothing/difference/",
        "pay_in/difference/?from=7",
        "pay_in/entries/?version=x",
        "pay_in/try/?version=9",
    ],
)
@pytest.mark.django_db
def test_what_is_not_there_is_a_404(console: Client, address: str) -> None:
    assert "There is no" in text(console, f"{HOME}{address}", 404)


# Differences


@pytest.mark.django_db
def test_two_versions_are_compared_line_by_line(console: Client) -> None:
    load("pay_in", OLD)
    load("pay_in", templates.all_templates()["pay_in"].text)
    page = text(console, f"{HOME}pay_in/difference/?from=2&to=3")
    rows = re.findall(
        r'<tr class="(added|removed)">.*?<td class="sign">(.)</td><td class="text">(.*?)</td>', page
    )
    assert ("removed", "\N{MINUS SIGN}", "  source = @bank:old") in rows
    assert ("added", "+", "  source = $source") in rows
    back = text(console, f"{HOME}pay_in/difference/?from=3&to=2")
    added = re.findall(r'<tr class="added">.*?"text">(.*?)<', back)
    assert "  source = @bank:old" in added
    assert "  source = $source" not in added
    assert "The two texts are the same." in text(console, f"{HOME}pay_in/difference/?from=1&to=3")
    assert "version 2 to version 3" in bare(text(console, f"{HOME}pay_in/difference/"))
    assert "only one text" in text(console, f"{HOME}pay_out/difference/")


@pytest.mark.django_db
def test_the_file_is_compared_where_it_is_not_loaded(console: Client) -> None:
    load("pay_in", OLD)
    page = text(console, f"{HOME}pay_in/difference/")
    assert "version 2 to the file of this code" in bare(page)
    assert f'href="{HOME}pay_in/difference/"' in text(console, f"{HOME}pay_in/")


def test_a_difference_numbers_both_sides() -> None:
    lines = programs.difference("a\nb\nc\n", "a\nB\nc\nd\n")
    assert [(line.kind, line.old, line.new, line.text) for line in lines if line.text] == [
        ("gap", None, None, "@@ -1,4 +1,5 @@"),
        ("same", 1, 1, "a"),
        ("removed", 2, None, "b"),
        ("added", None, 2, "B"),
        ("same", 3, 3, "c"),
        ("added", None, 4, "d"),
    ]
    assert programs.difference("a\n", "a\n") == []
    assert [line.kind for line in programs.difference("-- a\n", "++ a\n")][1:3] == ["removed", "added"]


# The entries that a version made


def test_entries_are_found_by_the_version_that_made_them(console: Client, platform: Book) -> None:
    other = make_entries(platform, version_of("pay_out"), 3, 500)
    old, new = version_of("pay_in"), load("pay_in", OLD)
    first, second = make_entries(platform, old, 3), make_entries(platform, new, 2, 100)
    assert references(text(console, f"{HOME}pay_in/")) == second + first
    assert references(text(console, f"{HOME}pay_in/1/")) == first
    assert references(text(console, f"{HOME}pay_in/entries/")) == second + first
    assert references(text(console, f"{HOME}pay_in/entries/?version=2")) == second
    assert not set(other) & set(references(text(console, f"{HOME}pay_in/entries/")))
    assert "That is all." in text(console, f"{HOME}pay_in/entries/")


def test_an_entry_leads_to_the_version_that_made_it(console: Client, platform: Book) -> None:
    make_entries(platform, version_of("pay_in"), 1)
    load("pay_in", OLD)
    entry = JournalEntry.objects.get()
    hand = ids.encode("je", by_hand(platform))
    assert f'href="{HOME}pay_in/1/"' in text(console, f"/ops/ledger/journalentry/{entry.pk}/")
    assert f'href="{HOME}pay_in/1/"' in text(console, "/ops/ledger/journalentry/")
    assert "Template</dt>" not in text(console, f"/ops/ledger/journalentry/{hand}/")


def by_hand(book: Book) -> Any:
    return move(book, "by:hand", open_account(book, "h:1"), open_account(book, "h:2"), 5)


def test_entries_come_a_page_at_a_time(console: Client, platform: Book) -> None:
    every = make_entries(platform, version_of("pay_in"), 120)
    found: list[str] = []
    address = f"{HOME}pay_in/entries/"
    for _ in range(3):
        page = text(console, address)
        found += references(page)
        more = re.search(r'rel="next" href="([^"]+)"', page)
        address = f"{HOME}pay_in/entries/" + more[1] if more else ""
    assert found == every
    assert not address


def test_a_step_bounds_how_far_is_looked_and_says_so(
    console: Client, platform: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(made, "STEP", 10)
    first = make_entries(platform, version_of("pay_in"), 1)
    make_entries(platform, version_of("pay_out"), 25, 100)
    page = text(console, f"{HOME}pay_in/")
    assert references(page) == []
    assert re.search(r"Looked through the ordinals from [\d\s]+ down to", bare(page))
    found, address, steps = [], f"{HOME}pay_in/entries/", 0
    while address:
        page = text(console, address)
        found += references(page)
        more = re.search(r'rel="next" href="([^"]+)"', page)
        address = f"{HOME}pay_in/entries/" + more[1] if more else ""
        steps += 1
    assert (found, steps) == (first, 3)


@pytest.mark.parametrize("before", ["x", "-1", "0", "9" * 30, "999999999", "%00"])
def test_what_is_no_ordinal_does_no_harm(console: Client, platform: Book, before: str) -> None:
    make_entries(platform, version_of("pay_in"), 2)
    assert console.get(f"{HOME}pay_in/entries/?before={before}").status_code == 200


def test_the_number_of_queries_does_not_depend_on_the_entries(console: Client, platform: Book) -> None:
    counts = []
    for start, count in ((0, 1), (100, 40)):
        make_entries(platform, version_of("pay_in"), count, start)
        with CaptureQueriesContext(
            connection,
        ) as said:
            text(console, f"{HOME}pay_in/")
            text(console, f"{HOME}pay_in/entries/")
        counts.append(len(said))
    assert counts[0] == counts[1]
    assert counts[0] <= 30


def test_entries_need_their_own_permission(console: Client, platform: Book) -> None:
    make_entries(platform, version_of("pay_in"), 1)
    role = Group.objects.get(name="viewer")
    role.permissions.set(Permission.objects.filter(codename="view_templateversion"))
    assert references(text(console, f"{HOME}pay_in/")) == []
    assert "Your role may not see journal entries." in text(console, f"{HOME}pay_in/entries/")


# Trying


GIVEN = {
    "enough": "enough",
    "var-amount_amount": "12.50",
    "var-amount_currency": "EUR",
    "var-source": "bank:ing",
    "var-wallet": "wallet:w:available",
}


def tried(console: Client, said: str | None = None, name: str = "pay_in", **given: str) -> str:
    """The page after a run, while which nothing was written."""
    said = templates.all_templates()["pay_in"].text if said is None else said
    data = {"text": said, **GIVEN, **{key.replace("__", "-"): value for key, value in given.items()}}
    with CaptureQueriesContext(connection) as queries:
        answer = console.post(f"{HOME}{name}/try/", data)
    assert answer.status_code == 200
    assert [each["sql"] for each in queries if not each["sql"].startswith("SELECT")] == []
    return answer.content.decode()


@pytest.mark.django_db
def test_a_run_shows_postings_and_posts_nothing(console: Client) -> None:
    page = bare(tried(console))
    assert "It would post not posted From To Amount bank:ing" in page
    assert "12.50 EUR" in page
    assert JournalEntry.objects.count() == 0


@pytest.mark.django_db
def test_chosen_balances_can_be_too_low(console: Client) -> None:
    rows = {"account__0": "bank:ing", "balance__0_amount": "12.49", "balance__0_currency": "EUR"}
    page = tried(console, enough="these", **rows)
    assert "MISSING_FUNDS" in page
    assert (
        re.search(r'<li class="at"><code>  <span class="n-keyword">source', page) or '<li class="at">' in page
    )
    assert "It would post" not in page
    assert "It would post" in tried(console, enough="these", **(rows | {"balance__0_amount": "12.50"}))
    assert "Say which account has this balance." in tried(
        console, enough="these", **(rows | {"account__0": ""})
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"var__amount_amount": "12.505"}, "has 3 digits after the point"),
        ({"var__amount_amount": "a lot"}, "a lot"),
        ({"var__amount_amount": ""}, "This field is required."),
        ({"var__amount_amount": "-1"}, "NEGATIVE_AMOUNT"),
        ({"var__amount_currency": "XXX"}, "XXX is not one of the available choices"),
        ({"var__source": "no account!"}, "is no account"),
        ({"var__wallet": ""}, "This field is required."),
        ({"enough": "perhaps"}, ""),
        ({"var__source": "x" * 2000}, "at most 1000 characters"),
    ],
)
@pytest.mark.django_db
def test_wrong_input_is_said_where_it_stands(console: Client, given: dict[str, str], said: str) -> None:
    page = tried(console, **given)
    assert said in page
    assert "It would post" not in page


@pytest.mark.django_db
def test_a_problem_is_marked_at_its_line(console: Client) -> None:
    page = tried(
        console, "vars {\n  monetary $amount\n}\nsend $amonut (\n  source = @a\n  destination = @b\n)\n"
    )
    assert "UNKNOWN_VARIABLE" in page
    [marked] = re.findall(r'<li class="at"><code>(.*?)</code>', page)
    assert "$amonut" in marked
    assert "line 4, column 6" in page


@pytest.mark.parametrize("broken", ["send $amonut (", "send $amount [", '"', "/* "])
@pytest.mark.django_db
def test_what_was_given_outlives_a_broken_text(console: Client, broken: str) -> None:
    page = tried(
        console, f"vars {{\n monetary $amount // all\n string $mine\n}}\n{broken}", var__mine="stays"
    )
    assert "is-good" not in page
    assert 'name="var-mine" value="stays"' in page
    assert 'name="var-amount_amount" value="12.50"' in page
    assert "This field is required." not in page


@pytest.mark.django_db
def test_amounts_nobody_gave_are_no_balances(console: Client) -> None:
    empty = {
        f"balance__{row}_{part}": value
        for row in range(4)
        for part, value in (("amount", ""), ("currency", "AED"))
    }
    assert "It would post" in tried(console, **empty)


@pytest.mark.django_db
def test_any_text_can_be_tried_with_variables_of_its_own(console: Client) -> None:
    page = tried(
        console,
        "vars {\n  portion $share // of it all\n}\nsend [EUR/2 100] (\n  source = @world\n  destination = {\n"
        '    $share to @a\n    remaining to @b\n  }\n)\nset_tx_meta("why", $share)\nset_account_meta(@a, "k", "v")\n',
        var__share="1/3",
    )
    said = bare(page)
    assert "of it all" in said
    assert "0.34 EUR" in said
    assert "why 1/3" in said
    assert "k a v" in said
    assert "Unfit as a template" in said
    assert "A template has no @world" in said


@pytest.mark.django_db
def test_other_assets_are_shown_as_they_are(console: Client) -> None:
    page = bare(tried(console, "send [COIN/3 5] (source = @a destination = @b)"))
    assert "5 COIN/3" in page


@pytest.mark.parametrize(
    "said",
    [
        "",
        "\x00",
        "/*",
        '"',
        "{" * 16_000,
        "send " + "(" * 16_000,
        "send [EUR/2 " + "-" * 16_000,
        "vars {" + "".join(f" number $v{'a' * n}\n" for n in range(150)) + "}",
        "send [EUR/2 1] (source = @a destination = @b)\n" * 340,
        "send [EUR/2 " + "9" * 4001 + "] (source = @a destination = @b)",
        "send [EUR/2 " + "9" * 3999 + "] (source = @a destination = @b)",
        'set_tx_meta("a", "' + "<script>" * 1500 + '")',
        '#![feature("x")]\nsend [EUR/2 1] (source = @a destination = @b)',
        'vars { string $s = meta(@a, "k") }\nset_tx_meta("a", $s)',
        "x" * (LONGEST_TEXT + 1),
        "é" * 100_000,
    ],
    ids=range(16),
)
@pytest.mark.django_db
def test_hostile_texts_are_answered_soon(console: Client, said: str) -> None:
    began = clock.now()
    page = tried(console, said)
    assert (clock.now() - began).total_seconds() < 5
    assert len(page) < 3_000_000
    assert "<script><script>" not in page


@pytest.mark.django_db
def test_a_program_has_only_so_many_variables(console: Client) -> None:
    said = "vars {" + "".join(f" number $v{'a' * n}\n" for n in range(60)) + "}"
    page = tried(console, said)
    assert "at most 40 variables" in page
    assert page.count('class="one"') == 40


@pytest.mark.django_db
def test_trying_asks_for_a_token_and_a_permission(viewer: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(viewer)
    assert strict.post(f"{HOME}pay_in/try/", GIVEN).status_code == 403
    Group.objects.get(name="viewer").permissions.clear()
    client = Client()
    client.force_login(viewer)
    below = [f"{HOME}pay_in/{page}" for page in ("", "1/", "difference/", "entries/", "try/")]
    assert [client.get(page).status_code for page in below] == [403] * 5
    assert client.post(f"{HOME}pay_in/try/", GIVEN).status_code == 403
    client.logout()
    assert [client.get(page).status_code for page in below] == [302] * 5


@pytest.mark.parametrize("page", ["", "pay_in/", "pay_in/1/", "pay_in/difference/", "pay_in/entries/"])
@pytest.mark.django_db
def test_only_trying_takes_a_form(console: Client, page: str) -> None:
    assert console.post(f"{HOME}{page}", GIVEN).status_code == 403
    assert console.put(f"{HOME}pay_in/try/").status_code == 403


@pytest.mark.django_db
def test_no_page_has_a_script_or_a_style_of_its_own(console: Client) -> None:
    load("pay_in", OLD)
    for page in (HOME, f"{HOME}pay_in/", f"{HOME}pay_in/difference/", f"{HOME}pay_in/try/"):
        content = text(console, page).partition('id="content"')[2]
        assert " style=" not in content.partition("</main>")[0]
        assert not re.search(r"\son\w+=", content.partition("</main>")[0])


@pytest.mark.django_db
def test_the_palette_finds_templates(console: Client) -> None:
    load("pay_in", OLD)
    page = text(console, "/ops/search/?s=pay_in")
    assert page.count('data-title="pay_in"') == 1
    assert HOME in text(console, "/ops/search/?s=templ")
