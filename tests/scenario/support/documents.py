"""The smallest set of documents that routes test.example to some endpoints, as text."""

import yaml

NAMESPACE = "test"


def gateway(name="http", port=8080):
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"gatewayClassName": "kgateway", "listeners": [{"name": "http", "port": port, "protocol": "HTTP"}]},
    }


def service(settings=None, app_protocol=None):
    port = {"name": "http", "port": 80}
    if app_protocol:
        port["appProtocol"] = app_protocol
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "origin", "namespace": NAMESPACE, "annotations": annotations(settings)},
        "spec": {"ports": [port]},
    }


def slice_of(name, *addresses):
    """An EndpointSlice of endpoints that share one port."""
    ports = {address.rpartition(":")[2] for address in addresses}
    assert len(ports) == 1, "one slice, one port"
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": {"kubernetes.io/service-name": "origin"}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": [address.rpartition(":")[0]]} for address in addresses],
        "ports": [{"name": "http", "port": int(ports.pop())}],
    }


def route_option(options, settings=None):
    return {
        "apiVersion": "gateway.kgateway.dev/v1alpha1",
        "kind": "RouteOption",
        "metadata": {"name": "policy", "namespace": NAMESPACE, "annotations": annotations(settings)},
        "spec": {"options": options},
    }


def route(with_options=True):
    rule = {"backendRefs": [{"name": "origin", "port": 80}]}
    if with_options:
        rule["filters"] = [
            {
                "type": "ExtensionRef",
                "extensionRef": {"group": "gateway.kgateway.dev", "kind": "RouteOption", "name": "policy"},
            }
        ]
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "route", "namespace": NAMESPACE},
        "spec": {"parentRefs": [{"name": "http"}], "hostnames": ["test.example"], "rules": [rule]},
    }


def annotations(settings):
    return {f"kgwcore.dev/{name}": str(value) for name, value in (settings or {}).items()}


def backend_policy(**spec):
    """A BackendConfigPolicy for the Service."""
    return {
        "apiVersion": "gateway.kgateway.dev/v1alpha1",
        "kind": "BackendConfigPolicy",
        "metadata": {"name": "policy", "namespace": NAMESPACE},
        "spec": {"targetRefs": [{"group": "", "kind": "Service", "name": "origin"}], **spec},
    }


def text(*documents):
    return yaml.safe_dump_all(documents, sort_keys=False)


def routed(addresses, retries=None, timeout=None, cluster_settings=None, route_settings=None, app_protocol=None):
    """Gateway, Service, one slice per address, RouteOption, HTTPRoute."""
    options = {}
    if retries:
        options["retries"] = retries
    if timeout:
        options["timeout"] = timeout
    with_options = bool(options or route_settings)
    policy = [route_option(options, route_settings)] if with_options else []
    slices = [slice_of(f"origin-{number}", address) for number, address in enumerate(addresses)]
    return text(gateway(), service(cluster_settings, app_protocol), *slices, *policy, route(with_options))
