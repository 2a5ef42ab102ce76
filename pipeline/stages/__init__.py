"""The stages of the flow as pure code: bytes in, bytes out. Faust agents and `scan` run them."""
