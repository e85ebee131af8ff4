"""The Python files of a project, read and never run: which networks are there, what is linted."""
