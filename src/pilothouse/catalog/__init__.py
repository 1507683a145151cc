"""Facts about models, their prices, and how many tokens a text has."""
