"""A bill's arrival: streamed to disk, taken from a folder or the inbox."""
