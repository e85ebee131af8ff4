"""What the silent rules claim, shown by running torch."""
