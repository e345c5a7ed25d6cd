"""From a circuit to files for other tools: one module per target, and the registry in :mod:`lgc.backend.base`."""
