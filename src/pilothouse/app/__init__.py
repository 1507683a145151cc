"""The composition root: configuration in, wired parts out. It alone names concrete parts."""
