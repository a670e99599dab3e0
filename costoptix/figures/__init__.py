"""What is computed from cost reports. Pure."""
