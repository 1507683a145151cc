"""The admin door: operations as a table, who may use them, the document that describes them, metrics."""
