"""What the admin API can do: each module gives operations over the parts that it is handed."""
