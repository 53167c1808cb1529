"""Chips on an I²C bus, by Adafruit's drivers; they come with the extra `i2c`."""
