"""Typed clients of what runs: Prometheus, Alertmanager. Synchronous; every failure is a `live.errors.LiveError`."""
