"""The euro reference rates as the ECB publishes them: one file in, its days out."""

from apps.rates.ecb.reading import BASE, LARGEST, days_of
from apps.rates.ecb.shape import DayOfRates, FileInvalid

__all__ = ["BASE", "LARGEST", "DayOfRates", "FileInvalid", "days_of"]
