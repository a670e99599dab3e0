"""Budgets: an amount that a part of the costs shall not exceed in each month, quarter or year."""
