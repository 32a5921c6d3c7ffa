"""AlphaNPI: programs learned by tree search from what each must achieve, without traces."""
