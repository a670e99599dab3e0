"""A cost question's way out: query, report and what is computed from reports."""
