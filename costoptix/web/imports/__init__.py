"""Pages of bills on their way in."""
