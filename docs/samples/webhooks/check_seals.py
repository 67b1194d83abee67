"""Checks that exported attempts are what was sealed: python3 check_seals.py attempts.csv. Python alone.

An export that begins later than with position 1 needs the seal before it: python3 check_seals.py attempts.csv SEAL
"""

import csv
import json
import sys
from hashlib import sha256
from pathlib import Path

csv.field_size_limit(1_000_000)


def canonical(row: dict[str, str]) -> str:
    """The text of an attempt that its seal is of."""
    text = {name: json.dumps(row[name], ensure_ascii=False) for name in ("url", "why", "worker")}
    answer = sha256(bytes.fromhex(row["answer"])).hexdigest()
    parts = [
        *("1", f'"{row["id"]}"', f'"{row["delivery_id"]}"', f'"{row["endpoint_id"]}"', row["book_id"]),
        *(row["run"], row["number"], row["began_at"], text["url"], row["request_headers"]),
        *(f'"{row["body_sha256"]}"', row["body_bytes"], f'"{row["failure"]}"', text["why"]),
        *(f'"{row["address"]}"', row["tls"] or "null", row["answered"] or "null", row["answer_headers"]),
        *(
            f'"{answer}"',
            row["is_cut"],
            row["head_ms"] or "null",
            row["took_ms"],
            text["worker"],
            row["ordinal"],
        ),
    ]
    return f"[{','.join(parts)}]"


def main(path: str, before: str = "") -> None:
    """Exits with the first attempt that is not what was sealed."""
    with Path(path).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows:
        sys.exit("There is no attempt.")
    position = int(rows[0]["position"]) if before else 1
    seal = bytes.fromhex(before) or sha256(f"countinghouse:webhooks:{rows[0]['book_id']}".encode()).digest()
    for expected, row in enumerate(rows, position):
        if int(row["position"]) != expected:
            sys.exit(f"Position {expected} is missing.")
        seal = sha256(seal + canonical(row).encode()).digest()
        if seal.hex() != row["seal"]:
            sys.exit(f"Position {expected} is not what was sealed.")
    print(f"{len(rows)} attempts are what was sealed, through position {row['position']}.")


if __name__ == "__main__":
    main(*sys.argv[1:])
