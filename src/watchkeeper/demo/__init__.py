"""A copilot service to watch, one process each part, and the faults to break it with."""
