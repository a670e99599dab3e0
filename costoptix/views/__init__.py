"""Saved views: questions about costs that people keep by name, alone or for their organization."""
