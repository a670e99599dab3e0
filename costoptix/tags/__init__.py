"""Tags: what carries them, what lacks them, and the rules that clean them."""
