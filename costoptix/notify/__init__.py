"""What is said to the outside: which events, to which channels, in which words."""
