"""How an answer is graded, one file each."""
