"""What Herdbook costs, measured. Each module is one bench, run by scripts/bench NAME."""
