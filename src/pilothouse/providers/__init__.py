"""Where answers come from, one file each. Most vendors are rows of data, not files."""
