"""What can be wrong with an installation, looked for part by part, each with its way out."""
