"""Proves the attempts: the chain of each book hashed anew, and nothing between its seals that has none."""

from apps.webhooks.verify.run import AttemptReport, verify

__all__ = ["AttemptReport", "verify"]
