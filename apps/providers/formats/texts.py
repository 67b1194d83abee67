"""Texts as rails carry them: the Latin set of SEPA and SWIFT, and references that come back as they were."""

import re

from anyascii import anyascii

from apps.providers.formats.errors import PaymentUnwritable

_STRANGER = re.compile(r"[^A-Za-z0-9/\-?:().,'+ ]", re.ASCII)
_MEANING = re.compile(r"[A-Za-z0-9]", re.ASCII)
# The EPC's own replacements (EPC217-08) where it has one; a point stands for the rest.
_INSTEAD = str.maketrans(
    {"&": "+", "_": "-", '"': "'", "`": "'", ";": ",", "[": "(", "{": "(", "]": ")", "}": ")", "@": "(at)"}
    | {"|": "/", "\\": "/", "=": "-", "~": "-"}
)


def latin(text: str) -> str:
    """The text in a-z, A-Z, 0-9 and `/-?:().,'+ `: "Dáel Muñiz & Co" is "Dael Muniz + Co"."""
    plain = anyascii(text).translate(_INSTEAD)
    return " ".join(_STRANGER.sub(".", " ".join(plain.split())).split())


def latin_name(name: str, *, limit: int, field: str) -> str:
    """Who pays or is paid, in the Latin set, cut at the limit; PaymentUnwritable if nothing is left of it."""
    written = latin(name)[:limit].rstrip()
    if not _MEANING.search(written):
        raise PaymentUnwritable(
            f"Nothing is left of the name {name[:70]!r} in Latin letters; give it as the bank has it.",
            field=field,
        )
    return written


def latin_text(text: str, *, limit: int, field: str) -> str:
    """What the payee shall read, in the Latin set; PaymentUnwritable if it is too long: what is cut off is lost."""
    written = latin(text)
    if len(written) > limit:
        raise PaymentUnwritable(
            f"The text has {len(written)} characters in Latin letters, and the format carries {limit}.",
            field=field,
        )
    return written


def checked_reference(reference: str, *, field: str, limit: int = 35) -> str:
    """A reference as it is, because it must come back so; PaymentUnwritable if the format would change it."""
    if not 1 <= len(reference) <= limit:
        raise PaymentUnwritable(
            f"The reference {reference[:80]!r} has {len(reference)} characters; the format carries 1 to {limit}.",
            field=field,
        )
    if (stranger := _STRANGER.search(reference)) or reference != reference.strip():
        raise PaymentUnwritable(
            f"The reference {reference!r} has {stranger[0] if stranger else ' '!r} in it, which banks may change;"
            " see reference_of().",
            field=field,
        )
    if reference.startswith("/") or reference.endswith("/") or "//" in reference:
        raise PaymentUnwritable(
            f"The reference {reference!r} begins or ends with a slash, or has two in a row; banks refuse that.",
            field=field,
        )
    return reference


def reference_of(our_id: str) -> str:
    """An id of ours as a reference that no bank changes: `sub_01jd…` is `sub-01jd…`."""
    return our_id.replace("_", "-")


def id_of(reference: str) -> str:
    """The id of ours that became this reference."""
    return reference.replace("-", "_")
