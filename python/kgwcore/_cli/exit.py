"""How a verb ends before its end."""

from __future__ import annotations


class Exit(Exception):
    """Ends the command with an exit code; the text, if any, goes to standard error."""

    def __init__(self, code: int, text: str = "") -> None:
        super().__init__(text)
        self.code = code
