"""What reads a bill, in a child process: no session of the SQL database here."""
