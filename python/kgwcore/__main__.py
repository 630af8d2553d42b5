"""``python -m kgwcore`` is the command ``kgwcore``."""

import sys

from kgwcore.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
