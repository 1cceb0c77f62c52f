"""Steps of `write_result`."""
