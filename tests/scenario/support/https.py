"""Documents of a gateway with HTTPS listeners that answers by itself."""

BODY = "hello from here"
ROUTE = f"""
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: all}}
spec:
  parentRefs: [{{name: edge}}]
  rules: [{{filters: [{{type: ExtensionRef, extensionRef: {{group: gateway.kgateway.dev, kind: DirectResponse, name: hi}}}}]}}]
---
apiVersion: gateway.kgateway.dev/v1alpha1
kind: DirectResponse
metadata: {{name: hi}}
spec: {{status: 200, body: "{BODY}"}}
---
"""


def listener(name, *refs, hostname=None):
    host = f"hostname: '{hostname}', " if hostname else ""
    names = ", ".join(f"{{name: {ref}}}" for ref in refs)
    return f"{{name: {name}, port: 8443, protocol: HTTPS, {host}tls: {{certificateRefs: [{names}]}}}}"


def gateway_of(*listeners):
    spec = f"{{gatewayClassName: kgateway, listeners: [{', '.join(listeners)}]}}"
    return f"apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {{name: edge}}\nspec: {spec}\n---\n"
