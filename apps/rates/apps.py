from django.apps import AppConfig


class RatesConfig(AppConfig):
    name = "apps.rates"
    label = "rates"
    verbose_name = "Rates"

    def ready(self) -> None:
        from apps.operations import isolation
        from apps.rates import checks, commands  # noqa: F401 (they register themselves)

        isolation.shared("rates_load", "rates_quote")
