"""What the definitions and the engines say, as values that can be told in words or as JSON."""
