"""The command line: a file and a question."""
