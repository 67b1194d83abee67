"""What runs by itself in the ledger; the times are in `config/schedule.py`."""

from celery import shared_task

from apps.ledger import projections


@shared_task(name="ledger.project_daily_balances", expires=15)
def project_daily_balances() -> None:
    """Add what was sealed to the daily balances. Leaves a book alone that another worker is adding to."""
    projections.project()
