"""Strict YAML documents: typed, with file, line and key in every error."""
