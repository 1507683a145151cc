"""From a `Need` and the catalogue to a shortlist that can defend itself. Pure."""
