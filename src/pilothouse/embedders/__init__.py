"""Texts to vectors without asking anybody: one file each."""
