"""What is stored of a bill: the charge table, its roll-ups, their files, and which are live."""
