from django.apps import AppConfig


class TransfersConfig(AppConfig):
    name = "apps.transfers"
    label = "transfers"
    verbose_name = "Transfers"

    def ready(self) -> None:
        from apps.accounts.services import wallets
        from apps.ledger.reports import terms
        from apps.ledger.services import lookups
        from apps.operations import isolation
        from apps.transfers import commands, events  # noqa: F401 (they register themselves)
        from apps.transfers.inbound import register as follow_messages
        from apps.transfers.queries.terms import GL_CODE, terms_of_reserves
        from apps.transfers.services.closing import refuse_in_strategy, refuse_under_way
        from apps.transfers.services.escrow import refuse_in_escrow
        from apps.transfers.services.own import refuse_entry_of_record, refuse_hold_of_transfer

        follow_messages()
        terms.register(GL_CODE, terms_of_reserves)
        for guard in (refuse_in_escrow, refuse_in_strategy, refuse_under_way):
            wallets.guard_closing(guard)
        lookups.guard_holds(refuse_hold_of_transfer)
        lookups.guard_entries(refuse_entry_of_record)
        isolation.rows_where(
            "transfers_transfer",
            "book_id = ANY ((SELECT operations_books())::bigint[])"
            " OR counterparty_book_id = ANY ((SELECT operations_books())::bigint[])",
        )
