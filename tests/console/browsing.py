"""A real browser for the console's tests: headless Chromium, signed in, watching what the page's policy refuses."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

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
