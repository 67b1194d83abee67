"""A real browser for the console's tests: headless Chromium, signed in, watching what the page's policy refuses."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from tests.console.making import PASSWORD

CHROMIUM = Path("/usr/bin/chromium")
NEEDS_CHROMIUM = pytest.mark.skipif(
    not CHROMIUM.exists(), reason="Chromium is missing: apt-get install -y chromium"
)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SIZES = {"wide": (1440, 900), "narrow": (390, 844)}
SCREENS = os.environ.get("SCREENS")
"""A folder for the pictures that the README shows."""
LOOK = os.environ.get("LOOK")
"""A folder for pictures of every page, in every theme and size, for those who change how they look."""


def _looks(first: tuple[str, str]) -> list[Any]:
    """One look, and all others on the build server."""
    others = [(theme, size) for theme in ("light", "dark") for size in SIZES if (theme, size) != first]
    return [first, *(pytest.param(*look, marks=pytest.mark.long) for look in others)]


LOOKS = _looks(("dark", "narrow"))
"""For pages that are looked at one after the other."""
STORY = _looks(("light", "wide"))
"""For what somebody does from page to page."""
NARROW = {"transfer-done", "wallet"}
"""Of what there are also pictures of a phone."""
WATCH = """
window.refused = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.refused.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
});
window.asking = 0;
const asked = window.fetch;
window.fetch = (...given) => {
  window.asking += 1;
  return asked(...given).finally(() => { window.asking -= 1; });
};
"""
"""What the Content-Security-Policy refuses, as the page itself sees it, and how much it is asking for."""


def visit(
    origin: str,
    session: str,
    steps: Callable[[Any, str], Any],
    theme: str,
    size: str,
    *,
    scripts: bool = True,
) -> Any:
    """What the steps answer in a browser of this theme and size."""
    from playwright.sync_api import sync_playwright

    cookie: Any = {"name": "sessionid", "value": session, "url": origin}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        width, height = SIZES[size]
        context = browser.new_context(
            viewport={"width": width, "height": height}, java_script_enabled=scripts
        )
        context.add_cookies([cookie])
        context.add_init_script(f"localStorage.setItem('adminTheme', '\"{theme}\"')")
        context.add_init_script(WATCH)
        try:
            return steps(context.new_page(), origin)
        finally:
            browser.close()


def settled(page: Any) -> None:
    """Wait until the page stands, its scripts had their turn, and what they asked for has come."""
    page.wait_for_load_state("load")
    page.evaluate(
        "async () => { do await new Promise((done) => requestAnimationFrame(() => setTimeout(done))); while (window.asking); }"
    )


def tell(page: Any, message: Any, wrong: list[str]) -> None:
    """Keep an error or a warning of the browser; that a page answers with a refusal is no error of a page."""
    if message.type in {"error", "warning"} and "responded with a status of 4" not in message.text:
        wrong.append(f"{page.url} {message.type}: {message.text}")


@dataclass
class Operator:
    """Somebody at a browser, who notes whatever goes wrong in it."""

    page: Any
    origin: str
    theme: str
    size: str
    wrong: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("pageerror", lambda error: self.wrong.append(f"{self.page.url} {error}"))
        self.page.on("console", lambda message: tell(self.page, message, self.wrong))

    def sign_in(self, email: str) -> None:
        """As everybody does, without the session that the fixture has."""
        self.page.context.clear_cookies()
        self.page.goto(f"{self.origin}/ops/")
        self.page.fill("[name=username]", email)
        self.page.fill("[name=password]", PASSWORD)
        self.page.click("button[type=submit]")
        self.page.wait_for_url(f"{self.origin}/ops/")
        self.look()

    def look(self) -> None:
        """Note what the policy refused here, and whether the page is wider than its screen."""
        settled(self.page)
        self.wrong.extend(self.page.evaluate("window.refused"))
        if self.page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            self.wrong.append(f"{self.page.url} is too wide")

    def open(self, address: str) -> None:
        """Go to a page."""
        self.page.goto(self.origin + address)
        self.look()

    def follow(self, name: str) -> None:
        """Go where a button above the page leads."""
        self.page.locator(".doings").get_by_role("link", name=name, exact=True).click()
        self.look()

    def fill(self, **given: str) -> None:
        """Type into a form; two underscores stand for the dot in a name."""
        for name, value in given.items():
            control = self.page.locator(f"[name='{name.replace('__', '.')}']")
            if control.evaluate("each => each.tagName") == "SELECT":
                control.select_option(value)
            else:
                control.fill(value)

    def press(self, button: str) -> None:
        """Preview or run; the card that comes is noted."""
        self.page.locator(f"footer [value={button}]").click()
        self.look()
        self.seen.append(self.page.locator(".sheet > header h2").first.inner_text())

    def made(self, kind: str) -> str:
        """The id of what the green card says was made."""
        link = self.page.locator(f".success a[href*='/{kind}/']").first.get_attribute("href")
        return str(link).rstrip("/").rpartition("/")[2]

    def keep(self, name: str) -> None:
        """A picture of what is seen, where pictures are wanted."""
        if not SCREENS or (self.size == "narrow" and name not in NARROW):
            return
        ending = "" if self.size == "wide" else "-narrow"
        self.page.screenshot(path=Path(SCREENS) / f"{name}-{self.theme}{ending}.png")


def sign_in(page: Any, origin: str, session: str) -> None:
    """Be somebody else from now on."""
    page.context.clear_cookies()
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": origin}])


def wide(page: Any) -> bool:
    """Whether it is wider than its screen, or a sheet is wider than what is seen of it."""
    return bool(
        page.evaluate(
            """[document.documentElement, ...document.querySelectorAll(".sheet")]
               .some((each) => each.scrollWidth > each.clientWidth)"""
        )
    )


def on_page(function: Any, *arguments: Any) -> None:
    """Run something beside the browser, whose thread has an event loop that Django would not take."""
    from concurrent.futures import ThreadPoolExecutor

    def told() -> None:
        try:
            function(*arguments)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(told).result()
