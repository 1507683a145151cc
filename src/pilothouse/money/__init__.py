"""What a choice costs beyond the price list: machines of one's own, and the whole cost of owning. Pure."""
