"""What convlint costs as a gate: where nothing has changed, and for many targets at once."""
