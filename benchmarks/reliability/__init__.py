"""What breaks, and what is lost then."""
