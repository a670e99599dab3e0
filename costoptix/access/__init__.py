"""Who may do what: organizations, people, keys, tiers, the quota."""
