"""How a request proves whose it is: one file for each way."""
