"""Data that the package ships, each folder with its own notice."""
