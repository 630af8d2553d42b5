"""The same raw bytes through kgwcore, Envoy, HAProxy and nginx; what is different, and why."""
