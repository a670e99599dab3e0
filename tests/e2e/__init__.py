"""The whole product, driven by a browser."""
