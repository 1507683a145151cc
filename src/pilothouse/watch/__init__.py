"""What happened: calls and costs, read back from the one fact table."""
