"""Spans: made on the request path at little cost, kept or dropped when their request ends, sent by a thread."""
