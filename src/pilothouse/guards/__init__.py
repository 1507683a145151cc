"""What looks at questions and answers on their way through: one file each, pure."""
