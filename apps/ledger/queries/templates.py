"""Whether the templates of this code, the versions in the database and their hashes agree."""

from dataclasses import dataclass

from apps.ledger import templates
from apps.ledger.models import TemplateVersion
from apps.ledger.numscript.program import digest


@dataclass(frozen=True, slots=True)
class TemplateDrift:
    """A template about which files and database disagree, and how."""

    name: str
    reason: str


def template_drift() -> list[TemplateDrift]:
    """Every disagreement, by name; a template that this code no longer has is one too."""
    files = templates.all_templates()
    versions = list(TemplateVersion.objects.order_by("name", "version"))
    latest = {version.name: version for version in versions}
    forged = [
        TemplateDrift(version.name, f"the text of version {version.version} does not have its hash")
        for version in versions
        if digest(version.text) != version.hash
    ]
    found = [
        TemplateDrift(
            name,
            "it is not loaded"
            if name not in latest
            else f"the file differs from version {latest[name].version}",
        )
        for name, template in files.items()
        if name not in latest or latest[name].hash != template.hash
    ]
    withdrawn = [TemplateDrift(name, "this code has no such file") for name in latest if name not in files]
    return sorted(forged + found + withdrawn, key=lambda drift: (drift.name, drift.reason))
