"""The whole installation in one file, and back: made while it serves, checked before it is live."""
