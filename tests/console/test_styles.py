"""Our style sheet beside that of the admin theme, on which every page stands."""

import re
from pathlib import Path

import unfold
from django.conf import settings

OURS = settings.BASE_DIR / "static/console/console.css"
THEIRS = Path(unfold.__file__).parent / "static/unfold/css/styles.css"


def test_no_class_of_ours_is_one_of_the_theme() -> None:
    """A rule for `.block` would also draw what the theme calls so, on every page."""
    ours = set(re.findall(r"(?:^|,\s*)(?:[a-z]+)?\.([a-z][\w-]*)\s*(?=[,{])", OURS.read_text(), re.MULTILINE))
    theirs = set(re.findall(r"\.([a-z][\w-]*)\s*\{", THEIRS.read_text()))
    assert "block" in theirs
    assert "ledger" not in theirs
    assert not ours & theirs
