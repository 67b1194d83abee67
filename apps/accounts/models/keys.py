"""API keys."""

from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models

from apps.accounts.models.tenants import Tenant
from apps.core.fields import PrefixedIdField


class ApiKey(models.Model):
    """What a program shows to be let in. Of a tenant, or of an operator (`tenant` empty), who reaches all tenants.

    The key is `<prefix>_<secret>`, of which the secret is stored as its SHA-256 alone: it has 256 random bits, so a
    slow hash would add nothing. `people` are the ids of the people who have seen it: who made it, or what it replaces.
    A rotated key goes on until `expires_at`, beside the one that replaces it.
    """

    id = PrefixedIdField(prefix="key", primary_key=True)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, null=True, related_name="api_keys")
    name = models.CharField(max_length=120)
    prefix = models.CharField(max_length=30, unique=True, db_collation="C")
    digest = models.BinaryField(max_length=32)
    scopes = ArrayField(models.CharField(max_length=60))
    networks = ArrayField(models.CharField(max_length=50), default=list)
    people = ArrayField(models.CharField(max_length=60), default=list)
    created_by = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    replaces = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="replaced_by")

    class Meta:
        indexes = [models.Index(fields=["tenant", "-id"], name="api_key_by_tenant")]

    def __str__(self) -> str:
        return f"{self.name} {self.prefix}"

    def is_valid(self, now: datetime) -> bool:
        """Neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)
