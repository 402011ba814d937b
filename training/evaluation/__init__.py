"""What a trained network is asked, and the arithmetic of the answers."""
