"""Pages of set-up and sign-in."""
