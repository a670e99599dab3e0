"""A bill's way in: receive, recognize, cast, store, reconcile, go live."""
