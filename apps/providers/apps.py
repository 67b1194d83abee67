from django.apps import AppConfig


class ProvidersConfig(AppConfig):
    name = "apps.providers"
    label = "providers"
    verbose_name = "Providers"

    def ready(self) -> None:
        from apps.operations import isolation
        from apps.providers import commands, events, handlers  # noqa: F401 (they register themselves)
        from apps.providers.adapters.sayings import ABOUT_FILE
        from apps.providers.services.reading import follow_files

        handlers.register(ABOUT_FILE, follow_files)
        of_attempt = "EXISTS (SELECT FROM providers_attempt a WHERE a.id = attempt_id)"
        isolation.rows_where("providers_answer", of_attempt)
        of_submission = (
            "EXISTS (SELECT FROM providers_attempt a WHERE a.provider_id = providers_railpayment.provider_id"
            " AND a.reference = providers_railpayment.reference AND a.action = 'submit')"
        )
        isolation.rows_where("providers_railpayment", of_submission)
        isolation.rows_where("providers_provider", "true", columns=("id", "name"))
