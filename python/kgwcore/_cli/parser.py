"""The grammar of the command line."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from kgwcore._cli import apply, delete, get, local, run, views
from kgwcore._cli.environment import Append, use_environment
from kgwcore.logging import LEVELS

ADMIN_ADDRESS = "127.0.0.1:19000"

Verbs = Any  # what add_subparsers returns has no public name


def parser() -> argparse.ArgumentParser:
    """A new parser of the whole command line. Each verb sets ``action``, the function that does it."""
    top = argparse.ArgumentParser(
        prog="kgwcore", description="kgateway's retry and routing rules in one process.", allow_abbrev=False
    )
    verbs = top.add_subparsers(metavar="VERB", required=True)
    _run(verbs)
    _validate(verbs)
    _apply(verbs)
    _delete(verbs)
    _get(verbs)
    _views(verbs)
    for name in ("explain", "test", "simulate"):
        _not_built(verbs, name)
    return top


def _verb(verbs: Verbs, name: str, action: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
    verb: argparse.ArgumentParser = verbs.add_parser(
        name, help=text, description=text[0].upper() + text[1:] + ".", allow_abbrev=False
    )
    verb.set_defaults(action=action, usage_error=verb.error)
    return verb


def _files(verb: argparse.ArgumentParser, *, required: bool = False) -> None:
    verb.add_argument(
        "-f",
        "--filename",
        action=Append,
        metavar="FILE|DIR|-",
        required=required,
        help="manifests; repeatable; - is standard input",
    )


def _namespace(verb: argparse.ArgumentParser, text: str = "for documents and names without one") -> None:
    verb.add_argument("-n", "--namespace", metavar="NS", help=f"namespace {text}")


def _admin(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--admin-address", default=ADMIN_ADDRESS, metavar="ADDR:PORT", help=f"of the gateway (default {ADMIN_ADDRESS})"
    )
    verb.add_argument("--admin-token", metavar="TOKEN", help="that the gateway was started with")


def _output(verb: argparse.ArgumentParser, *choices: str) -> None:
    verb.add_argument("-o", "--output", choices=choices, help="print it in another form")


def _run(verbs: Verbs) -> None:
    verb = _verb(verbs, "run", run.run, "start a gateway in the foreground")
    _files(verb)
    _namespace(verb)
    quick = verb.add_argument_group("without manifests")
    quick.add_argument("--to", metavar="URL", help="one listener in front of this URL")
    quick.add_argument(
        "--retry-on", metavar="TOKENS", help="what is retried, for example 5xx,reset; without it nothing is"
    )
    quick.add_argument(
        "--retries", type=int, metavar="N", help="most retries after the first try (default 1; 0 is none)"
    )
    quick.add_argument("--per-try-timeout", metavar="D", help="limit of one try, for example 2s")
    quick.add_argument("--timeout", metavar="D", help="limit of the request with all tries (default 15s; 0s is none)")
    quick.add_argument("--port", type=_port, default=8080, help="of the listener (default 8080; 0 is any free one)")
    _output(verb, "yaml")
    verb.add_argument("--host", metavar="ADDR", help="that listeners bind to (default 127.0.0.1)")
    verb.add_argument(
        "--listen", action=Append, metavar="LISTENER=ADDR:PORT", help="address of one listener; repeatable"
    )
    _gateway_options(verb)
    verb.add_argument("--concurrency", type=int, default=1, metavar="N", help="worker threads (default 1)")
    verb.add_argument(
        "--admin-address", default=ADMIN_ADDRESS, metavar="ADDR:PORT|off", help=f"default {ADMIN_ADDRESS}"
    )
    verb.add_argument("--admin-token", metavar="TOKEN", help="secret that the admin address asks for")
    verb.add_argument("--log-level", choices=LEVELS, default="info", help="of the log on standard error (default info)")
    verb.add_argument(
        "--access-log",
        metavar="PATH|-|off",
        help="one line of JSON per request; - is standard output (default: - on a terminal, else off); USR1 reopens it",
    )
    verb.add_argument(
        "--access-log-header", action=Append, metavar="NAME", help="request header that the access log shows; repeatable"
    )
    verb.add_argument(
        "--internal-cidr",
        action=Append,
        metavar="CIDR",
        help="clients whose x-envoy-* request headers are trusted (default: nobody); repeatable",
    )
    verb.add_argument("--watch", action="store_true", help="reload files when they change")
    verb.add_argument(
        "--with-httpbin", action="store_true", help="a small httpbin for every Service that has no address"
    )
    verb.add_argument("--keep-going", action="store_true", help="serve what is good although a document was rejected")
    verb.add_argument("--gateway-addresses", action=NotBuilt, nargs="?", help=argparse.SUPPRESS)
    use_environment(verb)


def _gateway_options(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--backend",
        action=Append,
        metavar="NS/SERVICE[:PORT]=HOST:PORT,…",
        help="where a Service lives; *=… for those without address",
    )
    verb.add_argument("--set", action=Append, metavar="NAME=VALUE", help="a setting; `kgwcore settings` lists them")
    verb.add_argument("--edge", action="store_true", help="settings for listeners that face untrusted clients")


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError("need 0 to 65535")
    return port


def _validate(verbs: Verbs) -> None:
    verb = _verb(verbs, "validate", local.validate, "check manifests and print every problem")
    _files(verb, required=True)
    _namespace(verb)
    verb.add_argument("--listen", action=Append, metavar="LISTENER=ADDR:PORT", help="as for run")
    _gateway_options(verb)
    _output(verb, "json")
    use_environment(verb)


def _apply(verbs: Verbs) -> None:
    verb = _verb(verbs, "apply", apply.apply, "store manifests in a running gateway")
    _files(verb, required=True)
    _namespace(verb)
    _admin(verb)
    use_environment(verb)


def _delete(verbs: Verbs) -> None:
    verb = _verb(verbs, "delete", delete.delete, "delete objects of a running gateway")
    verb.add_argument(
        "names", nargs="*", metavar="KIND NAME", help="what to delete; several names, or KIND/NAME, may follow"
    )
    _files(verb)
    _namespace(verb)
    _admin(verb)
    verb.add_argument("--ignore-not-found", action="store_true", help="an object that is not there is no failure")
    use_environment(verb)


def _get(verbs: Verbs) -> None:
    verb = _verb(verbs, "get", get.get, "show objects of a running gateway")
    verb.add_argument("kind", metavar="KIND|all", help="any name of a kind, or KIND/NAME")
    verb.add_argument("names", nargs="*", metavar="NAME")
    _namespace(verb, "to look in")
    verb.add_argument("-A", "--all-namespaces", action="store_true", help="look in every namespace")
    _output(verb, "yaml", "json", "wide", "name")
    _admin(verb)
    verb.add_argument("--ignore-not-found", action="store_true", help="an object that is not there is no failure")
    use_environment(verb)


def _views(verbs: Verbs) -> None:
    routes = _verb(verbs, "routes", views.routes, "show the compiled route table of a running gateway, in match order")
    attempts = _verb(verbs, "attempts", views.attempts, "show the last requests of a running gateway, try by try")
    attempts.add_argument("--limit", type=int, default=10, metavar="N", help="how many requests (default 10)")
    for verb in (routes, attempts):
        _output(verb, "json")
        _admin(verb)
        use_environment(verb)
    settings = _verb(verbs, "settings", local.settings, "show every setting")
    _output(settings, "json")
    kubeconfig = _verb(verbs, "kubeconfig", local.kubeconfig, "print a kubeconfig for a running gateway")
    _admin(kubeconfig)
    use_environment(kubeconfig)
    _verb(verbs, "version", local.version, "print the version, and those of the libraries inside")


def _not_built(verbs: Verbs, name: str) -> None:
    verb = verbs.add_parser(name, add_help=False, prefix_chars="\0")
    verb.add_argument("rest", nargs="*")
    verb.set_defaults(action=lambda _: verb.error("this verb is not built yet"))


class NotBuilt(argparse.Action):
    """An option whose name is reserved."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        parser.error(f"{option_string} is not built yet")
