"""Where calls, runs and rollouts are kept, one file each."""
