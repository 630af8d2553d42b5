"""The same scripted origins behind kgwcore and a real Envoy with the same policy; what is different, and why."""
