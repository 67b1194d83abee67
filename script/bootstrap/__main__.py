"""`python -m script.bootstrap NAME [argument …]`, as script/NAME calls it."""

import os
import sys


def main() -> int:
    if sys.platform not in {"linux", "darwin"}:
        print("Countinghouse runs on Linux and macOS; on Windows use Debian in WSL.", file=sys.stderr)
        return 1
    os.umask(0o022)
    from script.bootstrap import dispatch

    return dispatch.run(sys.argv[1], sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
