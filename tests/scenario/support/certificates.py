"""Certificates of a test's own, and the documents that carry them."""

import base64
import functools
import subprocess
import tempfile
from pathlib import Path


FOLDERS = []  # they go with the process


@functools.cache
def certificate(*names):
    """Paths of a self-signed certificate for these names and of its key, made once per run."""
    FOLDERS.append(tempfile.TemporaryDirectory(prefix="kgw-certificate-"))
    folder = Path(FOLDERS[-1].name)
    chain, key = folder / "chain.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
        + ["-subj", f"/CN={names[0]}", "-addext", "subjectAltName=" + ",".join(f"DNS:{name}" for name in names)]
        + ["-keyout", key, "-out", chain],
        check=True,
        capture_output=True,
    )
    return chain, key


def secret(name, *names, key_of=None):
    """A Secret of type kubernetes.io/tls. `key_of`: the key of another certificate, which does not fit."""
    chain, key = certificate(*names)
    if key_of:
        key = certificate(key_of)[1]
    data = {part: base64.b64encode(path.read_bytes()).decode() for part, path in (("tls.crt", chain), ("tls.key", key))}
    return f"""
apiVersion: v1
kind: Secret
metadata: {{name: {name}}}
type: kubernetes.io/tls
data: {{tls.crt: {data['tls.crt']}, tls.key: {data['tls.key']}}}
---
"""
