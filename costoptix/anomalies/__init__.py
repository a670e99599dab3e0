"""What is unusual: detection, its findings and their workflow."""
