"""What a node measured and noticed in the last weeks, drawn from its own log for whoever looks."""
