"""People who use the copilot: as many as the hour of the day says, whether it answers or not."""
