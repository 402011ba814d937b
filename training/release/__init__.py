"""From trained networks to the bundle that the service reads."""
