"""A proof of concept: cases x targets, graded, compared, judged against criteria."""
