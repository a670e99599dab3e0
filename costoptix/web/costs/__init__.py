"""Pages of what is spent."""
