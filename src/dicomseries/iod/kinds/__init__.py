"""Tables of attributes, one module per kind."""
