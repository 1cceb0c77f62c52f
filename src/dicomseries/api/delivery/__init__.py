"""To archives on the network and back."""
