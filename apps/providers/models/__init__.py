"""Who executes for us, what we asked of them and what they answered."""

from apps.providers.models.attempts import Action, Answer, Attempt
from apps.providers.models.providers import Provider, ProviderHealth, RoutingRule

__all__ = ["Action", "Answer", "Attempt", "Provider", "ProviderHealth", "RoutingRule"]
