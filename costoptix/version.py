"""The version of Cost Optix."""

__version__ = "0.1.0"
