"""A pass over the data, fast and anywhere."""
