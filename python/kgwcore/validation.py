"""Checking configuration without a gateway."""

from __future__ import annotations

from kgwcore import _core, sources
from kgwcore.errors import Diagnostic, to_diagnostics
from kgwcore.options import Backend, Listen, Settings, native_options


def validate(
    source: sources.Source,
    *,
    namespace: str | None = None,
    listen: Listen | None = None,
    backend: Backend | None = None,
    settings: Settings | None = None,
    edge: bool = False,
) -> list[Diagnostic]:
    """Every problem of a source: each document alone, then all of them together. Starts nothing.

    ``source`` and the keywords are those of :class:`kgwcore.Gateway`; ``listen``, ``backend`` and ``settings`` are
    those of the gateway that the documents are meant for. The list is empty when all is well; entries with the severity
    ``"warning"`` do not keep a gateway from starting. Raises :class:`kgwcore.KgwError` for an option that no gateway
    could have and :class:`OSError` for a path that cannot be read. Any thread.
    """
    options = native_options(
        host=None,
        listen=listen,
        backend=backend,
        settings=settings,
        edge=edge,
        concurrency=1,
        admin_address=None,
        admin_token=None,
        log_level="off",
        keep_going=False,
    )
    documents = [document.native for document in sources.read(source)]
    return list(to_diagnostics(_core.validate(documents, namespace or "", options)))
