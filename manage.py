#!/usr/bin/env python
"""Django's command line."""

import os
import sys

# These change the schema, so they act as the database's owner; all else acts as the application's role.
OWNER_COMMANDS = {"check", "dbshell", "makemigrations", "migrate", "showmigrations", "sqlmigrate"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if len(sys.argv) > 1 and sys.argv[1] in OWNER_COMMANDS:
        os.environ["DATABASE_ROLE"] = ""
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
