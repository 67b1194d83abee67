"""The client of the Countinghouse API: one typed method for each of its operations."""

from countinghouse_client.operations import Client
from countinghouse_client.transport import Page, Refused, SecretLost, Unanswered, Waiting

__all__ = ["Client", "Page", "Refused", "SecretLost", "Unanswered", "Waiting"]
