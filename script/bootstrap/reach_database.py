"""Run by the environment's Python: ends with the reason in one line if DATABASE_URL leads nowhere."""

import os
import sys

import psycopg

CONNECT_SECONDS = 10


def reach_database() -> None:
    try:
        psycopg.connect(os.environ["DATABASE_URL"], connect_timeout=CONNECT_SECONDS).close()
    except psycopg.Error as error:
        sys.exit(str(error).splitlines()[0])


if __name__ == "__main__":
    reach_database()
