"""Random networks of 3 to 40 layers, with mistakes in them: torch and convlint must agree."""
