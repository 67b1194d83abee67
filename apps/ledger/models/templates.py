"""The posting templates as they were loaded, version by version."""

from django.db import models
from django.db.models import Q


class TemplateVersion(models.Model):
    """One text of a posting template. Insert-only: a changed text is a new version."""

    id = models.AutoField(primary_key=True)
    name = models.CharField(max_length=60, db_collation="C")
    version = models.IntegerField()
    hash = models.CharField(max_length=64, help_text="SHA-256 of the text, in hexadecimal.")
    text = models.TextField()
    loaded_by = models.CharField(max_length=200)
    loaded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name", "version"], name="template_version_once"),
            models.CheckConstraint(condition=Q(version__gt=0), name="template_version_from_one"),
            models.CheckConstraint(condition=Q(name__regex=r"^[a-z][a-z0-9_]*$"), name="template_name_shape"),
        ]
        ordering = ["name", "version"]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"

    @property
    def path(self) -> str:
        """What leads to it for good: `pay_in/2`."""
        return f"{self.name}/{self.version}"
