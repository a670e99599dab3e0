"""Pages of anomalies and budgets."""
