"""Which kinds the gateway knows, and under which URL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from kgwcore._cli.admin import Admin
from kgwcore._cli.exit import Exit


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind in one version."""

    group: str
    version: str
    plural: str
    singular: str
    kind: str
    short_names: tuple[str, ...]
    categories: tuple[str, ...]
    namespaced: bool

    @property
    def api_version(self) -> str:
        """As in documents."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str | None, name: str = "") -> str:
        """The URL of an object, or of the list of all; ``namespace`` None is every one."""
        parts = ["apis" if self.group else "api", self.api_version]
        if self.namespaced and namespace is not None:
            parts += ["namespaces", quote(namespace, safe="")]
        parts += [self.plural, quote(name, safe="")] if name else [self.plural]
        return "/" + "/".join(parts)

    def resource(self, name: str) -> str:
        """What kubectl prints: ``httproute.gateway.networking.k8s.io/x``."""
        return f"{self.full_singular}/{name}"

    @property
    def full_singular(self) -> str:
        """``httproute.gateway.networking.k8s.io``; core kinds have no group."""
        return f"{self.singular}.{self.group}" if self.group else self.singular

    def is_called(self, name: str) -> bool:
        """Whether ``name``, in any case, with or without group, is this kind."""
        bare, _, group = name.lower().partition(".")
        if group not in ("", self.group, f"{self.version}.{self.group}"):
            return False
        return bare in (self.plural, self.singular, self.kind.lower(), *self.short_names)


class Discovery:
    """Every kind of a gateway, those of the preferred versions first."""

    def __init__(self, admin: Admin) -> None:
        groups = admin.get("/apis")["groups"]
        versions = ["api/v1", *(f"apis/{version['groupVersion']}" for group in groups for version in group["versions"])]
        self.kinds = [kind for path in versions for kind in _kinds(admin.get("/" + path))]

    def named(self, name: str) -> Kind:
        """The kind that a user calls ``name``."""
        for kind in self.kinds:
            if kind.is_called(name):
                return kind
        raise Exit(1, f'the gateway has no kind "{name}"')

    def of(self, document: dict[str, Any]) -> Kind:
        """The kind of a document."""
        for kind in self.kinds:
            if kind.kind == document["kind"] and kind.api_version == document["apiVersion"]:
                return kind
        raise Exit(1, f'the gateway has no kind "{document["kind"]}" in version "{document["apiVersion"]}"')

    def in_category(self, name: str) -> list[Kind]:
        """The kinds of a category, each in one version and group alone."""
        found: dict[str, Kind] = {}
        for kind in self.kinds:
            if name in kind.categories:
                found.setdefault(kind.kind, kind)
        return list(found.values())


def _kinds(document: dict[str, Any]) -> list[Kind]:
    group, _, version = document["groupVersion"].rpartition("/")
    return [
        Kind(
            group=group,
            version=version,
            plural=row["name"],
            singular=row["singularName"] or row["kind"].lower(),
            kind=row["kind"],
            short_names=tuple(row.get("shortNames", ())),
            categories=tuple(row.get("categories", ())),
            namespaced=row["namespaced"],
        )
        for row in document["resources"]
        if "/" not in row["name"]
    ]
