"""Wire formats, one file each, read and written both ways."""
