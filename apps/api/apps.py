from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "apps.api"
    label = "api"
    verbose_name = "API"

    def ready(self) -> None:
        from apps.api import schema  # noqa: F401 (it tells the schema of our fields)
        from apps.operations import isolation

        isolation.rows_where("api_bulkpart", "EXISTS (SELECT FROM api_bulkjob j WHERE j.id = job_id)")
