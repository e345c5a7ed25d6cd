"""What lgc knows about parts: data only."""
