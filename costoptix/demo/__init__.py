"""Acme Cloud: a made-up company's bills, so that the product can be seen at work.

``generator`` writes the files; ``company`` and ``catalogue`` are the facts it draws on.
"""
