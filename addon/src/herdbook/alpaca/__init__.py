"""The node of the herd: reads sensors, notices, remembers, and reports by MQTT."""
