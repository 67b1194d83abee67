"""python -m apps.providers.sandbox: see README.md beside this file."""

import argparse

from apps.providers.sandbox.app import application
from apps.providers.sandbox.sandbox import Sandbox
from apps.providers.sandbox.server import serve


def main() -> None:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(prog="python -m apps.providers.sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True, help="0 takes a free one; the first line names it")
    parser.add_argument("--data", required=True, help="the file that holds the books")
    parser.add_argument("--key", default="sandbox", help="what clients authenticate with")
    parser.add_argument("--control-key", default="control", help="what control authenticates with")
    parser.add_argument("--webhook", help="where events go; {desk} stands for the desk")
    parser.add_argument("--webhook-secret", default="sandbox", help="what events are signed with")
    parser.add_argument(
        "--opening", help="what is on our account at each desk, in each currency, in new books"
    )
    given = parser.parse_args()
    first = {"webhook": {"url": given.webhook, "secret": given.webhook_secret}}
    sandbox = Sandbox(given.data, first)
    if given.opening:
        sandbox.open(given.opening)
    serve(
        application(sandbox, given.key, given.control_key),
        host=given.host,
        port=given.port,
    )


if __name__ == "__main__":
    main()
