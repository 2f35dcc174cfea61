"""What a plan computes and why, as data, and as a page that stands by itself."""
