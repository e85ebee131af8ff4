"""The rules of convlint, one file each.  Loaded by `convlint.rule.rules()`."""
