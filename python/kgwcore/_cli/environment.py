"""Defaults from the environment: ``--admin-address`` is ``KGWCORE_ADMIN_ADDRESS``."""

from __future__ import annotations

import argparse
import os
from typing import Any

_TRUE = ("1", "true", "yes", "on")
_FALSE = ("", "0", "false", "no", "off")


def use_environment(parser: argparse.ArgumentParser) -> None:
    """Lets every option of the parser take its default from the environment. Repeatable ones are split at blanks."""
    for action in parser._actions:
        name = next((option[2:] for option in action.option_strings if option.startswith("--")), "")
        text = os.environ.get("KGWCORE_" + name.upper().replace("-", "_"))
        if not name or text is None or name == "help":
            continue
        try:
            action.default = _default(action, text)
        except ValueError as error:
            parser.error(f"KGWCORE_{name.upper().replace('-', '_')}: {error}")
        action.required = False


def _default(action: argparse.Action, text: str) -> Any:
    if action.nargs == 0:
        if text.lower() not in _TRUE + _FALSE:
            raise ValueError(f"got {text!r}; need 1 or 0")
        return text.lower() in _TRUE
    if isinstance(action, Append):
        return text.split()
    if action.choices is not None and text not in action.choices:
        raise ValueError(f"got {text!r}; need one of {', '.join(action.choices)}")
    return text


class Append(argparse.Action):
    """A repeatable option. Unlike argparse's own "append", flags replace the default instead of adding to it."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        given = getattr(namespace, self.dest)
        fresh = given is None or given is self.default
        setattr(namespace, self.dest, [values] if fresh else [*given, values])
