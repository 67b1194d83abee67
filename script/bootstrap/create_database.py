"""Run by the environment's Python, whose driver is there even where psql is not."""

import os
import sys

import psycopg
from psycopg import sql


def create_database(name: str) -> None:
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        if connection.execute("select from pg_database where datname = %s", [name]).fetchone() is None:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))


if __name__ == "__main__":
    create_database(sys.argv[1])
