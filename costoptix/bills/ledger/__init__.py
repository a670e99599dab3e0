"""What becomes of a bill that was read: questions, deliveries, undo."""
