"""What pages and problem sets need: figures, players, listings, data, feedback."""
