"""What an Alpaca can read: one module or package a kind, all behind the small protocol `Sensor`."""
