from django.apps import AppConfig


class RatesConfig(AppConfig):
    name = "apps.rates"
    label = "rates"
    verbose_name = "Rates"

    def ready(self) -> None:
        from apps.operations import facts, isolation
        from apps.rates import checks, commands, events, worth  # noqa: F401 (they register themselves)

        facts.register_worth(worth.in_dollars)
        isolation.shared("rates_load", "rates_quote")
