"""The command ``kgwcore``; ``kgwcore --help`` lists its verbs.

Exit codes: 0 good; 1 a negative answer, such as an invalid configuration; 2 usage; 3 a gateway could not start, or
there is none to talk to.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from kgwcore._cli.exit import Exit
from kgwcore._cli.parser import parser
from kgwcore.errors import BindError, ConfigError, KgwError, NotFoundError


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command line (default: that of the process) and returns its exit code.

    ``run`` needs the main thread, for its signals.
    """
    try:
        arguments = parser().parse_args(argv)
        code: int = arguments.action(arguments)
        sys.stdout.flush()
        return code
    except SystemExit as stop:  # argparse, after it has said what is wrong
        return stop.code if isinstance(stop.code, int) else 2
    except Exit as stop:
        return _fail(str(stop), stop.code)
    except BindError as error:
        return _fail(str(error), 3)
    except (ConfigError, NotFoundError) as error:
        return _fail(str(error), 1)
    except (KgwError, FileNotFoundError, IsADirectoryError, PermissionError) as error:
        return _fail(str(error), 2)
    except BrokenPipeError:
        # Whoever read the output has seen enough; the interpreter would complain at its end, when it flushes the rest.
        sys.stdout = sys.stderr
        return 0


def _fail(message: str, code: int) -> int:
    if message:
        print(f"kgwcore: {message}", file=sys.stderr)
    return code


__all__ = ["main"]
