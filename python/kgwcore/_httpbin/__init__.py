"""The parts of :mod:`kgwcore.httpbin`."""
