"""The formats of payment rails: bytes in, plain values out, and back. No database, no Django, no clock."""
