"""Commands about archives on the network."""
