"""One kind of edit, one file; registered by presence."""
