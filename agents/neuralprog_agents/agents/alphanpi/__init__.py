"""AlphaNPI: programs learned by tree search from their specifications, without traces."""
