"""The main job on real recorded data, step by step: `python -m pilothouse.tour`. No key, no network."""
