from django.apps import AppConfig


class TreasuryConfig(AppConfig):
    name = "apps.treasury"
    label = "treasury"
    verbose_name = "Treasury"

    def ready(self) -> None:
        from apps.treasury import commands, events  # noqa: F401 (they register themselves)
