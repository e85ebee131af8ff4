"""What a finding says beyond the fault: where a size came from, and what would make it fit."""
