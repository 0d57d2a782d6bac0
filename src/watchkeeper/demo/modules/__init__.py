"""The four modules the copilot works with, each a gRPC server on a port of its own, all in one process."""
