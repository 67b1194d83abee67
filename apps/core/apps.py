from django.apps import AppConfig


class CoreConfig(AppConfig):
    """Money, ids, errors, the actor and the clock: what every other app stands on."""

    name = "apps.core"
    label = "core"

    def ready(self) -> None:
        """Let model serializers treat an id as the text it is, not as the UUID that its column holds."""
        from rest_framework.serializers import ModelField, ModelSerializer

        from apps.core.fields import PrefixedIdField

        ModelSerializer.serializer_field_mapping[PrefixedIdField] = ModelField
