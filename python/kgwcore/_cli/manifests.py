"""Manifests as objects: a gateway that never starts reads them, so that every error has its position before anything is
sent.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from kgwcore._cli.inputs import sources
from kgwcore.errors import KgwError, Result
from kgwcore.gateway import Gateway

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_OWNED = ("uid", "resourceVersion", "generation", "creationTimestamp", "managedFields")


Loaded = tuple[Result, dict[str, Any] | None]


def load(names: Sequence[str], namespace: str | None) -> tuple[list[Loaded], list[Result]]:
    """The good documents of ``-f`` with their objects, in their order, and the rejected ones.

    A document of a kind that nobody here knows has no object: it is good because it is ignored.
    """
    scratch = Gateway(log_level="off")
    try:
        results = scratch.apply(sources(names), namespace=namespace, check=False)
        good = [result for result in results if result.outcome != "rejected"]
        objects = [_object(scratch, result) for result in good]
    finally:
        scratch.close()
    return list(zip(good, objects, strict=True)), [result for result in results if result.outcome == "rejected"]


def _object(scratch: Gateway, result: Result) -> dict[str, Any] | None:
    try:
        return _as_sent(scratch.get(result.resource.partition("/")[0], result.name, namespace=result.namespace))
    except KgwError:
        if result.outcome != "ignored":
            raise
        return None


def _as_sent(stored: dict[str, Any]) -> dict[str, Any]:
    """The object without what the store adds, and with the annotation by which kubectl's next apply finds fields that
    were removed.
    """
    metadata = {key: value for key, value in stored["metadata"].items() if key not in _OWNED}
    annotations = dict(metadata.pop("annotations", {}))
    known = annotations.pop(LAST_APPLIED, None)
    plain = {key: value for key, value in stored.items() if key != "status"}
    plain["metadata"] = {**metadata, "annotations": annotations}
    annotations = {**annotations, LAST_APPLIED: known or _compact(plain)}
    return {**plain, "metadata": {**metadata, "annotations": annotations}}


def _compact(document: dict[str, Any]) -> str:
    return json.dumps(document, sort_keys=True, separators=(",", ":")) + "\n"
