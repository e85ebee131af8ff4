"""Plain arithmetic on sizes, without torch: what shape functions and rules have in common."""
