"""The commands: every module is one, found by its presence."""
