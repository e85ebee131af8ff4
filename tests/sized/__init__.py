"""The sizes that a sweep says a network works for, against torch itself, tried size by size."""
