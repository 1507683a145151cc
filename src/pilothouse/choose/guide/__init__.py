"""The model selection guide, executable: its tree, tables and orderings, and who sits where today."""
