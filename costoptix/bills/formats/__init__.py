"""One provider's columns each, mapped to the one charge table."""
