from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "apps.webhooks"
    label = "webhooks"
    verbose_name = "Webhooks"

    def ready(self) -> None:
        from apps.operations import sequencer
        from apps.webhooks import commands, events  # noqa: F401 (they register themselves)

        sequencer.register(
            sequencer.Stream(
                "attempts",
                "webhooks_seal_attempts",
                "webhooks_attempt",
                "webhooks_attemptseal",
                since="began_at",
            )
        )
